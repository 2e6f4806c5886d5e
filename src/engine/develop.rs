//! Full-size work, one job at a time: showing a take, the one-key retouch, exports. What was decoded
//! last is kept, so that a slider does not decode again.

use super::contract::{Event, ExportFormat, ExportOptions, KnownCard, Level, Take, TakeId};
use super::preview::{shrink, to_screen};
use super::shared::Shared;
use super::{cards, colour};
use crate::calibrate::Options;
use crate::imaging::{Mask, Picture, Pixels, Rgb8, exif, open, resize, save};
use crate::retouch::{Depth, Mark, Output, Preset, Proxy, Recipe, plan, reduced};
use crossbeam_channel::Receiver;
use std::path::PathBuf;
use std::sync::Arc;

/// A job.
#[derive(Clone, Debug)]
pub(super) enum Job {
    /// Reads a take for the screen.
    Show {
        /// Which take.
        take: TakeId,
        /// Longest side.
        side: usize,
        /// Whether with its edit.
        edited: bool,
    },
    /// Makes a recipe for a take.
    Retouch(TakeId, Option<Box<Preset>>),
    /// Finds a card in a take and calibrates with it.
    Calibrate(TakeId, KnownCard),
    /// Finds a card in a live frame and calibrates with it.
    CalibrateFrame(Arc<Rgb8>, KnownCard),
    /// Takes a take as the flat field, or forgets it.
    FlatField(Option<TakeId>),
    /// Takes a take as the picture of the empty set, or forgets it.
    EmptySet(Option<TakeId>),
    /// Takes a calibration file into force, or none.
    UseCalibration(Option<PathBuf>),
    /// Keeps what the light read when the calibration was made.
    KeepBaseline([f32; 3]),
    /// Writes finished pictures.
    Export(Vec<TakeId>, ExportOptions),
}

/// A decoded original and what planning looks at.
struct Open {
    file: PathBuf,
    picture: Picture,
    cut: Cut,
    proxy: Proxy,
    /// The picture reduced for the screen, by the side that was asked for: at 24 megapixels reducing
    /// takes longer than the edit.
    small: Option<(usize, Picture)>,
}

impl Open {
    /// The picture that a preview of a side is made from.
    fn for_screen(&mut self, side: usize) -> &Picture {
        let (w, h) = self.picture.size();
        if w.max(h) <= side {
            return &self.picture;
        }
        if self.small.as_ref().is_none_or(|(held, _)| *held != side) {
            self.small = Some((side, reduced(&self.picture, side)));
        }
        self.small.as_ref().map_or(&self.picture, |(_, small)| small)
    }
}

/// What a take's outline was made from.
#[derive(Clone, Debug, PartialEq)]
struct Cut {
    marks: Option<Vec<Mark>>,
    empty_set: Option<String>,
}

/// Works until no more jobs come.
pub(super) fn run(shared: &Shared, jobs: &Receiver<Job>) {
    let mut developer = Developer { shared, open: None, empty_set: None };
    while let Ok(job) = jobs.recv() {
        let mut waiting = vec![job];
        waiting.extend(jobs.try_iter());
        for job in newest(waiting) {
            if shared.stopped() {
                return;
            }
            developer.work(job);
        }
    }
}

/// Of requests to show the same thing only the last is answered: a slider sends many.
fn newest(jobs: Vec<Job>) -> Vec<Job> {
    let same = |a: &Job, b: &Job| match (a, b) {
        (Job::Show { take, edited, .. }, Job::Show { take: t, edited: e, .. }) => {
            take == t && edited == e
        }
        _ => false,
    };
    let later = |i: usize| jobs[i + 1..].iter().any(|job| same(&jobs[i], job));
    let keep: Vec<bool> = (0..jobs.len()).map(|i| !later(i)).collect();
    jobs.into_iter().zip(keep).filter_map(|(job, keep)| keep.then_some(job)).collect()
}

struct Developer<'a> {
    shared: &'a Shared,
    open: Option<Open>,
    /// The picture of the empty set, by its file name.
    empty_set: Option<(String, Picture)>,
}

impl Developer<'_> {
    fn work(&mut self, job: Job) {
        let done = match job {
            Job::Show { take, side, edited } => self.show(take, side, edited),
            Job::Retouch(take, preset) => self.retouch(take, preset.as_deref()),
            Job::Calibrate(take, card) => self.calibrate_take(take, &card),
            Job::CalibrateFrame(rgb, card) => self.calibrate_frame(&rgb, &card),
            Job::FlatField(take) => self.flat_field(take),
            Job::EmptySet(take) => self.take_empty_set(take),
            Job::UseCalibration(path) => cards::choose(self.shared, path.as_deref()),
            Job::KeepBaseline(baseline) => cards::keep_baseline(self.shared, baseline),
            Job::Export(takes, options) => {
                self.export(&takes, &options);
                Ok(())
            }
        };
        if let Err(text) = done {
            self.shared.say(Level::Error, text);
        }
    }

    fn take(&self, id: TakeId) -> Result<Take, String> {
        self.shared.book.lock().take(id).cloned().ok_or_else(|| "that take is not there".to_owned())
    }

    fn open(&mut self, take: &Take) -> Result<&mut Open, String> {
        let edit = take.recipe.clone().unwrap_or_default();
        // Takes that are only looked at do not wait for an exact outline.
        let empty_set = take.recipe.as_ref().and_then(|_| self.empty_set_of(take));
        let cut = Cut { marks: edit.cut_out().map(<[Mark]>::to_vec), empty_set };
        let same = self.open.as_ref().is_some_and(|o| o.file == take.file);
        if same && self.open.as_ref().is_some_and(|o| o.cut == cut) {
            return self.open.as_mut().ok_or_else(String::new);
        }
        let (picture, small) = match self.open.take() {
            Some(open) if same => (open.picture, open.small),
            // Two pictures of 24 megapixels need not be in memory at once.
            open => {
                drop(open);
                (open::read(&take.file).map_err(|e| format!("{}: {e}", take.name))?, None)
            }
        };
        let exact = cut.marks.is_some() || cut.empty_set.is_some();
        let busy = |done| Event::Progress { what: "cutting out".to_owned(), done, all: 1 };
        if exact {
            self.shared.tell(busy(0));
        }
        let empty_set = self.read_empty_set(cut.empty_set.as_deref());
        let made = super::product::product_for(&picture, &edit, empty_set);
        let (mask, unsure) = made.unwrap_or_else(|e| (None, vec![e.to_string()]));
        unsure.into_iter().for_each(|text| self.shared.say(Level::Note, text));
        if exact {
            self.shared.tell(busy(1));
        }
        let proxy = Proxy::new(&picture, mask.as_ref());
        if let Some(mask) = mask.filter(|_| exact) {
            let mask = Arc::new(reduced_mask(mask));
            self.shared.tell(Event::CutOut { take: take.id, mask });
        }
        let specks = Arc::new(proxy.specks().to_vec());
        self.shared.tell(Event::Specks { take: take.id, specks });
        let open = Open { file: take.file.clone(), picture, cut, proxy, small };
        Ok(self.open.insert(open))
    }

    /// The picture of the empty set that a take's outline is made with; not with itself.
    fn empty_set_of(&self, take: &Take) -> Option<String> {
        let name = self.shared.book.lock().session.settings().empty_set.clone()?;
        let own = take.file.file_name().is_some_and(|own| own.to_string_lossy() == name);
        (!own).then_some(name)
    }

    /// Reads the picture of the empty set, once. Without one that can be read, cut-outs do without it.
    fn read_empty_set(&mut self, name: Option<&str>) -> Option<&Picture> {
        let name = name?;
        if self.empty_set.as_ref().is_none_or(|(held, _)| held != name) {
            let path = self.shared.book.lock().session.capture_folder().join(name);
            self.empty_set = match open::read(&path) {
                Ok(picture) => Some((name.to_owned(), picture)),
                Err(e) => {
                    let text = format!("the picture of the empty set, {name}: {e}");
                    self.shared.say(Level::Warning, text);
                    None
                }
            };
        }
        self.empty_set.as_ref().map(|(_, picture)| picture)
    }

    fn take_empty_set(&mut self, id: Option<TakeId>) -> Result<(), String> {
        let name = match id {
            Some(id) => {
                let take = self.take(id)?;
                let name = take.file.file_name().map(|n| n.to_string_lossy().into_owned());
                Some(name.ok_or_else(|| format!("{} is no file", take.name))?)
            }
            None => None,
        };
        self.empty_set = None;
        cards::empty_set(self.shared, name)
    }

    fn show(&mut self, id: TakeId, side: usize, edited: bool) -> Result<(), String> {
        let take = self.take(id)?;
        let recipe = take.recipe.clone().filter(|_| edited);
        let open = self.open(&take)?;
        let full = open.picture.size();
        let (rgb, metal): (Rgb8, _) = match recipe {
            Some(recipe) => {
                let plan = plan(&recipe, &open.proxy);
                (plan.preview(open.for_screen(side), side), plan.metal(&open.proxy))
            }
            None => (shrink(&open.picture.to_srgb8(), side).into_owned(), open.proxy.metal()),
        };
        let picture = Arc::new(to_screen(&rgb));
        self.shared.tell(Event::Picture { take: id, edited, full, picture });
        if edited || take.recipe.is_none() {
            self.shared.tell(Event::Metal { take: id, lab: metal });
        }
        Ok(())
    }

    fn retouch(&mut self, id: TakeId, preset: Option<&Preset>) -> Result<(), String> {
        let take = self.take(id)?;
        let colour = self.shared.colour.lock().clone();
        let open = self.open(&take)?;
        let mut recipe = match preset {
            Some(preset) => preset.recipe(&open.proxy),
            None => Recipe::automatic(&open.proxy),
        };
        if let Some(colour) = colour {
            let bytes = open::bytes(&take.file).map_err(|e| e.to_string())?;
            match colour::step(&colour.file, &colour.calibration, &bytes) {
                Ok(step) => colour::calibrate_recipe(&mut recipe, step),
                Err(e) => self.shared.say(Level::Warning, format!("{}: {e}", take.name)),
            }
        }
        if let Some(field) = self.shared.flat_field.lock().as_ref() {
            colour::put_step(&mut recipe, colour::flat_field_step(field));
        }
        set_recipe(self.shared, id, Some(recipe));
        Ok(())
    }

    fn calibrate_take(&mut self, id: TakeId, card: &KnownCard) -> Result<(), String> {
        let shared = self.shared;
        let take = self.take(id)?;
        let open = self.open(&take)?;
        let said = open.picture.metadata.exif.as_deref().map(exif::facts).unwrap_or_default();
        let options = Options {
            camera: said.model.unwrap_or_default(),
            lens: said.lens.unwrap_or_default(),
            ..Options::default()
        };
        cards::calibrate(shared, &open.picture.to_srgb8(), card, options)
    }

    fn calibrate_frame(&self, rgb: &Rgb8, card: &KnownCard) -> Result<(), String> {
        let camera = self.shared.book.lock().camera.clone();
        cards::calibrate(self.shared, rgb, card, Options { camera, ..Options::default() })
    }

    fn flat_field(&mut self, id: Option<TakeId>) -> Result<(), String> {
        let shared = self.shared;
        let Some(id) = id else { return cards::flat_field(shared, None) };
        let take = self.take(id)?;
        let rgb = self.open(&take)?.picture.to_srgb8().into_owned();
        cards::flat_field(shared, Some((&take.name, &rgb)))
    }

    fn export(&mut self, takes: &[TakeId], options: &ExportOptions) {
        let all = takes.len();
        let mut written = 0;
        for (done, &id) in takes.iter().enumerate() {
            let what = "exporting".to_owned();
            self.shared.tell(Event::Progress { what, done, all });
            match self.take(id).and_then(|take| self.write(&take, options)) {
                Ok(_) => written += 1,
                Err(text) => self.shared.say(Level::Error, text),
            }
            if self.shared.stopped() {
                return;
            }
        }
        self.shared.tell(Event::Progress { what: "exporting".to_owned(), done: all, all });
        let folder = self.shared.book.lock().session.output("");
        let s = if written == 1 { "" } else { "s" };
        self.shared
            .say(Level::Note, format!("{written} picture{s} written to {}", folder.display()));
    }

    fn write(&mut self, take: &Take, options: &ExportOptions) -> Result<PathBuf, String> {
        let (stem, _) = crate::session::naming::split(&take.name);
        let target =
            self.shared.book.lock().session.output(&format!("{stem}.{}", ending(options.format)));
        let open = self.open(take)?;
        let recipe = take.recipe.clone().unwrap_or_default();
        let plan = plan(&recipe, &open.proxy);
        let output = Output { depth: depth_of(options.format), side: options.side };
        let picture = plan.render_to(&open.picture, &output);
        let how = save::How {
            format: match (options.format, &picture.pixels) {
                (ExportFormat::Jpeg, _) => save::Format::Jpeg(options.quality),
                (ExportFormat::Png, Pixels::Eight(_)) => save::Format::Png8,
                (ExportFormat::Png, Pixels::Sixteen(_)) => save::Format::Png16,
                (ExportFormat::Tiff, _) => save::Format::Tiff16,
                (ExportFormat::Tiff8, _) => save::Format::Tiff8,
            },
            profile: options.profile,
            keep_gps: options.keep_place,
            steps: plan.steps().iter().map(|(op, text)| format!("{op}: {text}")).collect(),
            ..save::How::default()
        };
        save::write(&target, &picture, &how).map_err(|e| e.to_string())?;
        Ok(target)
    }
}

/// A mask for the screen.
fn reduced_mask(mask: Mask) -> Mask {
    const SIDE: usize = 1600;
    if mask.w.max(mask.h) <= SIDE {
        return mask;
    }
    let (w, h) = resize::fit((mask.w, mask.h), SIDE);
    resize::mask(&mask, w, h)
}

fn ending(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Jpeg => "jpg",
        ExportFormat::Png => "png",
        ExportFormat::Tiff | ExportFormat::Tiff8 => "tif",
    }
}

fn depth_of(format: ExportFormat) -> Depth {
    match format {
        ExportFormat::Jpeg | ExportFormat::Tiff8 => Depth::Eight,
        ExportFormat::Png => Depth::Same,
        ExportFormat::Tiff => Depth::Sixteen,
    }
}

/// Gives a take another edit and keeps it.
pub(super) fn set_recipe(shared: &Shared, id: TakeId, recipe: Option<Recipe>) {
    let mut book = shared.book.lock();
    let changed = book.change(id, |t| t.recipe = recipe);
    let kept = book.keep(id);
    drop(book);
    if let Err(e) = kept {
        let text = format!("the edit could not be kept ({e}); make room or mend the folder");
        shared.say(Level::Error, text);
    }
    changed.into_iter().for_each(|take| shared.tell(Event::TakeChanged(take)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_slider_steps_the_last_is_shown() {
        let show = |take, side| Job::Show { take, side, edited: true };
        let kept =
            newest(vec![show(1, 10), Job::Retouch(1, None), show(2, 10), show(1, 20), show(1, 30)]);
        let text: Vec<String> = kept.iter().map(|j| format!("{j:?}")).collect();
        assert_eq!(kept.len(), 3, "{text:?}");
        assert!(text[2].contains("side: 30"), "{text:?}");
    }
}
