//! Odd, broken and hostile pictures: a picture or a sentence, never a panic, a hang or a flood of
//! memory; and every orientation of one picture looks alike.
//!
//! The files are real ones that may not be passed on, so they stand beside the repository
//! (`../shared/data`, or the folder that `CULET_DATA` names); without them the tests say so.

use culet::imaging::open::{self, Kind, OpenError};
use culet::imaging::{Picture, Rgb8, jpeg, resize, save};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// No file may keep a decoder busy for longer; unoptimised dependencies are slow.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// What the whole run may need above what the process had: the largest honest picture here has
/// 4 million pixels.
const MEMORY_LIMIT: u64 = 600 << 20;

pub(crate) fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("CULET_DATA").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|e| e.unwrap().path()) {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// What became of a file: the size of its picture, or the sentence.
type Outcome = Result<(Kind, usize, usize, Vec<String>), String>;

fn outcome(path: &Path) -> Outcome {
    let said = |e: OpenError| e.to_string();
    let bytes = open::bytes(path).map_err(said)?;
    let opened = open::open(&bytes);
    let preview = open::preview(&bytes, 256);
    // A raw file may show its embedded picture although its sensor data is cut off.
    match (&opened, &preview) {
        (Ok(opened), Ok(preview)) => {
            assert_eq!(preview.full, opened.picture.size(), "{}", path.display());
            let (w, h) = opened.picture.size();
            let (pw, ph) = (preview.rgb.w, preview.rgb.h);
            assert!(pw.max(ph) >= w.max(h).min(256), "{} {pw}x{ph}", path.display());
            // Rounding to whole pixels; a raw file's own preview may be cut otherwise.
            let off = (pw * h).abs_diff(ph * w);
            let same = off <= 2 * w.max(h) || opened.kind == Kind::Raw;
            assert!(same, "{}: {pw}x{ph} of {w}x{h}", path.display());
        }
        (Ok(_), Err(e)) => panic!("{} opens, but has no preview: {e}", path.display()),
        _ => {}
    }
    let opened = opened.map_err(said)?;
    let (w, h) = opened.picture.size();
    assert!(w > 0 && h > 0);
    Ok((opened.kind, w, h, opened.warnings))
}

/// Runs on a thread of its own, so that a hang is seen.
fn within_the_time(path: &Path) -> (Outcome, Duration) {
    let (tell, told) = mpsc::channel();
    let (path, started) = (path.to_owned(), Instant::now());
    let name = path.display().to_string();
    let work = std::thread::Builder::new().spawn(move || {
        let _ = tell.send(outcome(&path));
    });
    let outcome = told.recv_timeout(TIME_LIMIT);
    let outcome = outcome.unwrap_or_else(|e| panic!("{name}: {e}: a hang or a panic"));
    work.unwrap().join().unwrap();
    (outcome, started.elapsed())
}

/// The most memory that the process has held, in bytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Set in the process whose memory is measured.
const ALONE: &str = "CULET_HOSTILE_FILES_ALONE";

/// Other tests need memory too, and share this process.
fn in_a_process_of_its_own() {
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile_files::every_file_is_a_picture_or_a_sentence", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    println!("{said}");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn every_file_is_a_picture_or_a_sentence() {
    let Some(data) = data() else {
        println!("skipped: no ../shared/data");
        return;
    };
    if std::env::var_os(ALONE).is_none() {
        return in_a_process_of_its_own();
    }
    let mut paths = Vec::new();
    files(&data.join("conformance"), &mut paths);
    files(&data.join("raw"), &mut paths);
    assert!(paths.len() > 200, "{} files", paths.len());
    let before = peak_memory();
    let mut slowest = (Duration::ZERO, PathBuf::new());
    let (mut opened, mut refused, mut warned) = (BTreeMap::new(), 0, 0);
    for path in &paths {
        let (outcome, time) = within_the_time(path);
        let name = path.strip_prefix(&data).unwrap().display();
        slowest = slowest.max((time, path.clone()));
        match outcome {
            Ok((kind, w, h, warnings)) => {
                *opened.entry(kind).or_insert(0) += 1;
                warned += usize::from(!warnings.is_empty());
                println!("{name}: {kind} {w}x{h} {}", warnings.join("; "));
            }
            Err(sentence) => {
                refused += 1;
                println!("{name}: REFUSED {sentence}");
                assert!(sentence.contains(' ') && sentence.len() < 400, "{name}: {sentence}");
            }
        }
    }
    let grown = peak_memory().saturating_sub(before);
    println!(
        "hostile files: {} files, opened {opened:?} ({warned} with a warning), refused {refused}; \
         slowest {:.2?} ({}); at most {} MiB more memory",
        paths.len(),
        slowest.0,
        slowest.1.file_name().unwrap().display(),
        grown >> 20,
    );
    assert!(grown < MEMORY_LIMIT, "{} MiB", grown >> 20);
}

/// Cut-off raws whose sensor data decodes to black or garbage must be refused.
#[test]
fn a_cut_off_raw_is_never_a_picture() {
    let Some(data) = data() else {
        println!("skipped: no ../shared/data");
        return;
    };
    let mut paths = Vec::new();
    files(&data.join("raw/truncated"), &mut paths);
    // Two small files of a Nikon D50 are whole, for all their shortness: they show a child.
    paths.retain(|p| !p.to_string_lossy().contains("Issue 247"));
    for path in paths {
        let opened = open::open(&open::bytes(&path).unwrap());
        assert!(opened.is_err(), "{} opens", path.display());
    }
}

fn difference(a: &Rgb8, b: &Rgb8) -> f64 {
    assert_eq!((a.w, a.h), (b.w, b.h));
    let sum: u64 = a.data.iter().zip(&b.data).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.data.len() as f64
}

#[test]
fn orientations_0_to_8_look_alike() {
    let Some(data) = data() else {
        println!("skipped: no ../shared/data");
        return;
    };
    let bytes = |i: usize| {
        open::bytes(&data.join(format!("conformance/orientation/Landscape_{i}.jpg"))).unwrap()
    };
    let look = |rgb: &Rgb8| resize::rgb8(rgb, 96, 64);
    let first = open::decode(&bytes(1)).unwrap();
    let want = look(&first.to_srgb8());
    for i in 0..=8 {
        let bytes = bytes(i);
        let picture = open::decode(&bytes).unwrap();
        assert_eq!(picture.size(), first.size(), "orientation {i}");
        let whole = difference(&look(&picture.to_srgb8()), &want);
        let small = difference(&look(&open::preview(&bytes, 200).unwrap().rgb), &want);
        println!("orientation {i}: whole differs by {whole:.2}, preview by {small:.2} of 255");
        assert!(whole < 3.0 && small < 3.0, "orientation {i}: {whole} {small}");
    }
}

/// Mean of each of `across` x `down` cells.
fn cells(
    w: usize,
    h: usize,
    across: usize,
    down: usize,
    at: impl Fn(usize) -> [f64; 3],
) -> Vec<f64> {
    let mut out = Vec::new();
    for (j, i) in (0..down).flat_map(|j| (0..across).map(move |i| (j, i))) {
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for y in h * j / down..h * (j + 1) / down {
            for x in w * i / across..w * (i + 1) / across {
                let p = at(y * w + x);
                (0..3).for_each(|c| sum[c] += p[c]);
                count += 1.0;
            }
        }
        out.extend(sum.map(|s| s / count));
    }
    out
}

#[test]
fn colours_agree_with_pillow_and_littlecms() {
    let Some(data) = data() else {
        println!("skipped: no ../shared/data");
        return;
    };
    let mut faults = Vec::new();
    for line in include_str!("opened_colours.csv").lines().filter(|l| !l.starts_with('#')) {
        let mut parts = line.split(',');
        let (file, mode) = (parts.next().unwrap(), parts.next().unwrap());
        let want: Vec<f64> = parts.map(|v| v.parse().unwrap()).collect();
        let rgb =
            open::decode(&open::bytes(&data.join(file)).unwrap()).unwrap().to_srgb8().into_owned();
        let pixel = |i: usize| [0, 1, 2].map(|c| f64::from(rgb.data[i * 3 + c]));
        let got = cells(rgb.w, rgb.h, 3, 3, pixel);
        let worst = want.iter().zip(&got).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{file} ({mode}): at most {worst:.2} of 255 apart");
        // Named for the exception that its profile raises in other libraries: each reads it in its own way.
        if worst > 2.0 && !file.contains("cmm-exception") {
            faults.push(format!("{file}: {worst:.1}: {got:.0?}, not {want:.0?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Linear sRGB (0 to 1, clipped) of 6 x 4 cells of `raw/colorchart.dng` as `LibRaw` 0.22 develops it:
/// `rawpy.imread(f).postprocess(demosaic_algorithm=AHD, use_camera_wb=True, no_auto_bright=True,
/// output_bps=16, gamma=(1, 1), output_color=sRGB, highlight_mode=Clip)`, then means.
#[cfg(feature = "raw")]
const LIBRAW: [f64; 72] = [
    0.0973, 0.0914, 0.2014, 0.1524, 0.1444, 0.3171, 0.0659, 0.0245, 0.0148, 0.0761, 0.0427, 0.0391,
    0.0437, 0.0185, 0.0155, 0.0955, 0.0888, 0.1859, 0.0633, 0.0576, 0.1226, 0.2128, 0.1547, 0.2464,
    0.0180, 0.0095, 0.0056, 0.0353, 0.0170, 0.0105, 0.0363, 0.0170, 0.0118, 0.1195, 0.0663, 0.1380,
    0.0867, 0.0716, 0.1375, 0.1188, 0.1068, 0.2155, 0.0429, 0.0159, 0.0099, 0.0701, 0.0205, 0.0097,
    0.0466, 0.0227, 0.0147, 0.0884, 0.0643, 0.1112, 0.1734, 0.0965, 0.1292, 0.1577, 0.0943, 0.1353,
    0.1045, 0.0476, 0.0332, 0.0827, 0.0384, 0.0294, 0.0778, 0.0377, 0.0362, 0.1741, 0.1015, 0.1504,
];

#[cfg(feature = "raw")]
#[test]
fn a_raw_develops_as_in_libraw() {
    use culet::imaging::{Pixels, Space, colour};
    let Some(data) = data() else {
        println!("skipped: no ../shared/data");
        return;
    };
    let bytes = open::bytes(&data.join("raw/colorchart.dng")).unwrap();
    let picture = open::decode(&bytes).unwrap();
    assert_eq!((picture.size(), picture.space), ((1734, 1156), Space::Rec2020));
    let Pixels::Sixteen(deep) = &picture.pixels else { panic!("eight bits") };
    let linear = |i: usize| {
        let p = [0, 1, 2].map(|c| colour::srgb_decode(f32::from(deep.data[i * 3 + c]) / 65_535.0));
        colour::apply(&colour::REC2020_TO_SRGB, p).map(|v| f64::from(v.clamp(0.0, 1.0)))
    };
    let got = cells(deep.w, deep.h, 6, 4, linear);
    // LibRaw brightens by the file's white level: one gain for all cells is no difference in colour.
    let gain = LIBRAW.iter().sum::<f64>() / got.iter().sum::<f64>();
    let got: Vec<f64> = got.iter().map(|v| v * gain).collect();
    let apart = |a: f64, b: f64| (a - b).abs() / (a.max(b) + 0.01);
    let worst = LIBRAW.iter().zip(&got).map(|(a, b)| apart(*a, *b)).fold(0.0, f64::max);
    println!("raw against LibRaw: cells at most {:.1} % apart", worst * 100.0);
    assert!(worst < 0.04, "{worst}: {got:.4?}");
    let facts = culet::imaging::exif::facts(picture.metadata.exif.as_deref().unwrap());
    assert_eq!(facts.make.as_deref(), Some("Canon"));
}

/// `CULET_LOOK=folder cargo test --test it pictures_to_look_at -- --ignored` writes what these files
/// open as, small.
#[test]
#[ignore = "writes pictures to look at"]
fn pictures_to_look_at() {
    let (Some(data), Some(folder)) = (data(), std::env::var_os("CULET_LOOK")) else { return };
    let fixtures = include_str!("opened_colours.csv");
    let listed = fixtures.lines().filter(|l| !l.starts_with('#'));
    let listed = listed.filter_map(|l| l.split(',').next()).chain(["raw/colorchart.dng"]);
    for file in listed {
        let rgb = open::preview(&open::bytes(&data.join(file)).unwrap(), 600).unwrap().rgb;
        let name = file.replace(['/', '.'], "-") + ".png";
        let how = save::How { format: save::Format::Png8, ..save::How::default() };
        save::write(&Path::new(&folder).join(name), &Picture::from_srgb8(rgb), &how).unwrap();
    }
}

/// `cargo test --release --test it previews_are_quick -- --ignored --nocapture`: a preview against
/// the decoder alone, in turn, the best of five.
#[test]
#[ignore = "measures time"]
fn previews_are_quick() {
    let Some(data) = data() else { return };
    let mut paths = Vec::new();
    files(&data.join("jewellery/hires"), &mut paths);
    paths.push(data.join("raw/colorchart.dng"));
    for path in paths {
        let bytes = open::bytes(&path).unwrap();
        let kind = open::kind(&bytes).unwrap();
        let mut best = [f64::MAX; 3];
        let mut size = (0, 0);
        for _ in 0..5 {
            let mut time = |i: usize, f: &mut dyn FnMut()| {
                let started = Instant::now();
                f();
                best[i] = best[i].min(started.elapsed().as_secs_f64() * 1e3);
            };
            if kind == Kind::Jpeg {
                let mut decoder = jpeg::Decoder::new().unwrap();
                let header = decoder.header(&bytes).unwrap();
                let shrink = jpeg::Shrink::to_reach(header.w.max(header.h), 1024);
                let mut out = Rgb8::default();
                time(0, &mut || drop(decoder.rgb(&bytes, shrink, &mut out)));
            }
            time(1, &mut || size = open::preview(&bytes, 1024).unwrap().full);
            time(2, &mut || drop(open::open(&bytes).unwrap()));
        }
        println!(
            "{} {}x{}: decoder alone {:.1} ms, preview {:.1} ms, whole picture {:.1} ms",
            path.file_name().unwrap().display(),
            size.0,
            size.1,
            best[0],
            best[1],
            best[2]
        );
    }
}
