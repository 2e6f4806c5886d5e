//! Full-size work, one job at a time: showing a take, the one-key retouch, exports. What was decoded
//! last is kept, so that a slider does not decode again.

use super::colour;
use super::contract::{Event, ExportFormat, ExportOptions, Level, Take, TakeId};
use super::preview::{shrink, to_screen};
use super::shared::Shared;
use crate::calibrate::{self, Calibration, Card, FlatField, Options, Transfer};
use crate::imaging::{Picture, Pixels, Rgb8, exif, files, open, save};
use crate::retouch::{Depth, Output, Preset, Proxy, Recipe, plan};
use crate::session::Moment;
use crossbeam_channel::Receiver;
use std::path::{Path, PathBuf};
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
    Calibrate(TakeId),
    /// Finds a card in a live frame and calibrates with it.
    CalibrateFrame(Arc<Rgb8>),
    /// Takes a take as the flat field, or forgets it.
    FlatField(Option<TakeId>),
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
    proxy: Proxy,
}

/// Works until no more jobs come.
pub(super) fn run(shared: &Shared, jobs: &Receiver<Job>) {
    let mut developer = Developer { shared, open: None };
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

/// The session's flat field.
const FLAT_FIELD: &str = "flat-field.toml";

struct Developer<'a> {
    shared: &'a Shared,
    open: Option<Open>,
}

impl Developer<'_> {
    fn work(&mut self, job: Job) {
        let done = match job {
            Job::Show { take, side, edited } => self.show(take, side, edited),
            Job::Retouch(take, preset) => self.retouch(take, preset.as_deref()),
            Job::Calibrate(take) => self.calibrate_take(take),
            Job::CalibrateFrame(rgb) => self.calibrate(&rgb, self.camera_options()),
            Job::FlatField(take) => self.flat_field(take),
            Job::UseCalibration(path) => self.use_calibration(path.as_deref()),
            Job::KeepBaseline(baseline) => self.keep_baseline(baseline),
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

    fn open(&mut self, take: &Take) -> Result<&Open, String> {
        if self.open.as_ref().is_none_or(|o| o.file != take.file) {
            // Two pictures of 24 megapixels need not be in memory at once.
            self.open = None;
            let picture = open::read(&take.file).map_err(|e| format!("{}: {e}", take.name))?;
            let proxy = Proxy::new(&picture, super::product::product(&picture).as_ref());
            let specks = Arc::new(proxy.specks().to_vec());
            self.shared.tell(Event::Specks { take: take.id, specks });
            self.open = Some(Open { file: take.file.clone(), picture, proxy });
        }
        self.open.as_ref().ok_or_else(String::new)
    }

    fn show(&mut self, id: TakeId, side: usize, edited: bool) -> Result<(), String> {
        let take = self.take(id)?;
        let recipe = take.recipe.clone().filter(|_| edited);
        let open = self.open(&take)?;
        let full = open.picture.size();
        let rgb: Rgb8 = match recipe {
            Some(recipe) => plan(&recipe, &open.proxy).preview(&open.picture, side),
            None => shrink(&open.picture.to_srgb8(), side).into_owned(),
        };
        let picture = Arc::new(to_screen(&rgb));
        self.shared.tell(Event::Picture { take: id, edited, full, picture });
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

    fn calibrate_take(&mut self, id: TakeId) -> Result<(), String> {
        let take = self.take(id)?;
        let open = self.open(&take)?;
        let rgb = open.picture.to_srgb8().into_owned();
        let said = open.picture.metadata.exif.as_deref().map(exif::facts).unwrap_or_default();
        let options = Options {
            camera: said.model.unwrap_or_default(),
            lens: said.lens.unwrap_or_default(),
            ..Options::default()
        };
        self.calibrate(&rgb, options)
    }

    /// What is known of the camera whose live frames are looked at.
    fn camera_options(&self) -> Options {
        Options { camera: self.shared.book.lock().camera.clone(), ..Options::default() }
    }

    /// Keeps the calibration with the session; what is judged and retouched from now on names it.
    fn calibrate(&self, rgb: &Rgb8, options: Options) -> Result<(), String> {
        let found = calibrate::find(rgb, Card::Auto).map_err(|e| e.to_string())?;
        let options = Options { made: Moment::now().rfc3339(), ..options };
        let made = calibrate::fit(&found, &options).map_err(|e| e.to_string())?;
        self.take_into_force(made)
    }

    fn take_into_force(&self, made: Calibration) -> Result<(), String> {
        let text = made.to_toml().map_err(|e| e.to_string())?;
        let now = Moment::now();
        let name = format!("calibration-{}-{}.toml", now.date(), now.time());
        let book = self.shared.book.lock();
        let path = book.session.folder().join(&name);
        drop(book);
        files::write_atomic(&path, text.as_bytes())
            .and_then(|()| self.remember(Some(name)))
            .map_err(|e| format!("{} could not be written ({e}); make room", path.display()))?;
        made.warnings.into_iter().for_each(|w| self.shared.say(Level::Warning, w));
        Ok(())
    }

    fn flat_field(&mut self, id: Option<TakeId>) -> Result<(), String> {
        let file = match id {
            None => None,
            Some(id) => {
                let take = self.take(id)?;
                let rgb = self.open(&take)?.picture.to_srgb8().into_owned();
                let field = FlatField::from_card(&rgb, Transfer::Srgb)
                    .map_err(|e| format!("{}: {e}", take.name))?;
                let text = field.to_toml().map_err(|e| e.to_string())?;
                let path = self.shared.book.lock().session.folder().join(FLAT_FIELD);
                files::write_atomic(&path, text.as_bytes()).map_err(|e| {
                    format!("{} could not be written ({e}); make room", path.display())
                })?;
                Some(FLAT_FIELD.to_owned())
            }
        };
        let mut book = self.shared.book.lock();
        book.session
            .change_settings(|s| s.flat_field = file)
            .map_err(|e| format!("the session cannot be written ({e}); make room"))?;
        drop(book);
        self.shared.load_flat_field();
        Ok(())
    }

    /// The session's calibration is this file from now on.
    fn remember(&self, file: Option<String>) -> std::io::Result<()> {
        let mut book = self.shared.book.lock();
        book.session.change_settings(|s| (s.calibration, s.light_baseline) = (file, None))?;
        drop(book);
        self.shared.load_calibration();
        Ok(())
    }

    fn use_calibration(&self, path: Option<&Path>) -> Result<(), String> {
        let Some(path) = path else {
            return self.remember(None).map_err(|e| format!("the session cannot be written ({e})"));
        };
        self.take_into_force(colour::load(path).map_err(|e| e.to_string())?)
    }

    fn keep_baseline(&self, baseline: [f32; 3]) -> Result<(), String> {
        if let Some(colour) = self.shared.colour.lock().as_mut() {
            colour.baseline = Some(baseline);
        }
        let mut book = self.shared.book.lock();
        let kept = book.session.change_settings(|s| s.light_baseline = Some(baseline));
        kept.map_err(|e| format!("the session cannot be written ({e}); make room"))
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
            },
            steps: plan.steps().iter().map(|(op, text)| format!("{op}: {text}")).collect(),
            ..save::How::default()
        };
        save::write(&target, &picture, &how).map_err(|e| e.to_string())?;
        Ok(target)
    }
}

fn ending(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Jpeg => "jpg",
        ExportFormat::Png => "png",
        ExportFormat::Tiff => "tif",
    }
}

fn depth_of(format: ExportFormat) -> Depth {
    match format {
        ExportFormat::Jpeg => Depth::Eight,
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
