//! The cut-out against rendered truth, against cut-outs with their own alpha laid over real grounds, and
//! against published mattes.
//!
//! `cargo bench --bench evaluate -- cutout`, with `--full` for every piece, ground and seed. `CULET_SHEET`
//! names a folder for a contact sheet of real pictures over magenta; `CULET_MASKS` one that keeps the
//! network's masks from run to run. `CULET_SEED` renders other pieces, `CULET_VERBOSE` prints every picture,
//! `CULET_LOOK` names a folder for picture, truth and result side by side, `CULET_SCENES` one that keeps the
//! rendered sets. `--only PART` runs one of practice, rendered, alike, grounds, mattes, speed, network.

mod figures;
mod real;
pub(crate) mod scenes;

use culet::imaging::{Mask, Picture, Plane, Rgb8};
use culet::vision::{self, Cut, CutOut};
use figures::Figures;
use scenes::Scene;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// Seeds of the rendered pieces. None between these and these plus 300 was rendered while the cut-out was
/// made; 300 and below, and 1009 to 1210, were.
const SEEDS: [u32; 3] = [5003, 6007, 7001];

pub(super) fn run() {
    let arguments: Vec<String> = std::env::args().collect();
    let full = arguments.iter().any(|a| a == "--full");
    let only = arguments.iter().position(|a| a == "--only").and_then(|i| arguments.get(i + 1));
    let wanted = |part: &str| only.is_none_or(|o| o == part);
    let eye = Eye::open();
    if wanted("practice") {
        practice(&eye, full);
    }
    if wanted("rendered") {
        rendered(&eye, full);
    }
    if wanted("alike") {
        hard_cases(&eye, full);
    }
    if wanted("grounds") {
        real::over_grounds(&eye, full);
    }
    if wanted("mattes") {
        real::mattes(&eye);
    }
    if wanted("speed") {
        speed();
    }
    if wanted("network") {
        eye.compare();
        eye.compare_own();
    }
    if let Ok(folder) = std::env::var("CULET_SHEET") {
        real::contact_sheet(&eye, &PathBuf::from(folder));
    }
}

/// The network, where there is one.
pub(super) struct Eye {
    #[cfg(feature = "network")]
    network: Option<vision::network::Network>,
    #[cfg(feature = "network")]
    own: vision::network::SubjectNetwork,
    cache: Option<PathBuf>,
}

impl Eye {
    #[cfg(feature = "network")]
    fn open() -> Self {
        let registry = vision::network::Registry::built_in().unwrap();
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models");
        let folder = std::env::var("CULET_MODELS").map_or(folder, PathBuf::from);
        let network = vision::network::Network::open(&folder, registry.find("u2netp").unwrap());
        let network = network.map_err(|e| println!("without a network: {e}")).ok();
        // `CULET_SUBJECT` names another file to be measured in its place.
        let own = match std::env::var("CULET_SUBJECT") {
            Ok(path) => vision::network::SubjectNetwork::open(path.as_ref()),
            Err(_) => vision::network::SubjectNetwork::built_in(),
        };
        Self {
            network,
            own: own.unwrap(),
            cache: std::env::var("CULET_MASKS").ok().map(PathBuf::from),
        }
    }

    #[cfg(not(feature = "network"))]
    fn open() -> Self {
        println!("without a network: built without the feature `network`");
        Self { cache: None }
    }

    /// The network's mask, as coarse as it comes.
    #[cfg(feature = "network")]
    pub(super) fn mask(&self, picture: &Rgb8) -> Option<Mask> {
        let network = self.network.as_ref()?;
        let name = culet::imaging::files::sha256(&picture.data);
        let file = self.cache.as_ref().map(|c| c.join(&name[..24]));
        if let Some(data) = file.as_ref().and_then(|f| std::fs::read(f).ok()) {
            return Some(Mask { w: 320, h: 320, data });
        }
        let mask = network.mask(picture).unwrap();
        if let Some(file) = file {
            culet::imaging::files::write_atomic(&file, &mask.data).unwrap();
        }
        Some(mask)
    }

    #[cfg(not(feature = "network"))]
    pub(super) fn mask(&self, _: &Rgb8) -> Option<Mask> {
        let _ = &self.cache;
        None
    }

    /// What Culet's own network sees at a glance and closely.
    #[cfg(feature = "network")]
    fn own(&self, picture: &Rgb8, empty: Option<&Rgb8>) -> Option<[Mask; 2]> {
        let glance = self.own.glance(picture, empty).unwrap().subject;
        Some([glance, self.own.look(picture, empty).unwrap().subject])
    }

    #[cfg(not(feature = "network"))]
    fn own(&self, _: &Rgb8, _: Option<&Rgb8>) -> Option<[Mask; 2]> {
        None
    }

    /// tract's time beside onnxruntime's recorded one; the values are compared by a unit test.
    #[cfg(feature = "network")]
    fn compare(&self) {
        let Some(network) = &self.network else { return };
        let input = vec![0.5; 3 * 320 * 320];
        let best = (0..2)
            .map(|_| timed(|| network.run(&input).map(drop).unwrap()).1)
            .fold(f64::MAX, f64::min);
        println!(
            "\nu2netp in tract, one thread: {:.0} ms a picture (models/onnxruntime-u2netp.csv names onnxruntime's)",
            best * 1000.0
        );
    }

    /// The same of Culet's own network, and what the planes that it looks at take.
    #[cfg(feature = "network")]
    fn compare_own(&self) {
        let planes = vec![0.1; vision::Sight::PLANES * 320 * 320];
        let best = (0..20)
            .map(|_| timed(|| self.own.run(planes.clone(), None).map(drop).unwrap()).1)
            .fold(f64::MAX, f64::min);
        let frame = scenes::render("hoops", "grey", 600, 301).picture;
        let glance = (0..10)
            .map(|_| timed(|| self.own.glance(&frame, None).map(drop).unwrap()).1)
            .fold(f64::MAX, f64::min);
        bar("own network in tract, one thread, 320x320: ms", "<= 30", best * 1000.0, best <= 0.03);
        println!("  (models/onnxruntime-subject.csv names onnxruntime's)");
        // As live view follows: the ground is fitted for one frame in ten.
        let ((), ten) = timed(|| {
            let mut sight = vision::Sight::whole(&frame, None);
            for _ in 0..10 {
                sight.follow(&frame);
                self.own.see(&sight).unwrap();
            }
        });
        bar(
            "masks a second of a 900x600 live view, all included",
            ">= 15",
            10.0 / ten,
            ten < 10.0 / 15.0,
        );
        println!("  one picture at a glance, its ground fitted: {:.0} ms", glance * 1000.0);
        let closely = (0..3)
            .map(|_| timed(|| self.own.look(&frame, None).map(drop).unwrap()).1)
            .fold(f64::MAX, f64::min);
        println!("  looked at closely, 900x600, all cores: {:.0} ms", closely * 1000.0);
    }

    #[cfg(not(feature = "network"))]
    fn compare(&self) {}

    #[cfg(not(feature = "network"))]
    fn compare_own(&self) {}
}

pub(super) fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let out = f();
    (out, start.elapsed().as_secs_f64())
}

/// The ways that are compared, in the order of the tables.
pub(super) const METHODS: [&str; 14] = [
    "network, bilinear",
    "network, guided filter",
    "ours, neither",
    "ours, network",
    "ours, empty set",
    "ours, both",
    "own network, glance",
    "own network, closely",
    "ours, own network",
    "the same, empty set: glance",
    "the same, empty set: closely",
    "ours, own, empty set",
    "ours, own and network",
    "ours, all three",
];

/// Every method on one picture.
pub(super) fn all_ways(scene: &Scene, eye: &Eye) -> Vec<(&'static str, Mask, Option<Cut>)> {
    let picture = Picture::from_srgb8(scene.picture.clone());
    let empty = scene.empty.clone().map(Picture::from_srgb8);
    let coarse = eye.mask(&scene.picture);
    let mut out = Vec::new();
    if let Some(coarse) = &coarse {
        let large = enlarge(coarse, scene.alpha.w, scene.alpha.h);
        out.push((METHODS[1], guided(&scene.picture, &large), None));
        out.insert(0, (METHODS[0], large, None));
    }
    for (names, empty_set) in [
        ([METHODS[6], METHODS[7], METHODS[8]], None),
        ([METHODS[9], METHODS[10], METHODS[11]], Some(&empty)),
    ] {
        let empty_set = match empty_set.map(Option::as_ref) {
            None => None,
            Some(Some(empty)) => Some(empty),
            Some(None) => continue,
        };
        let small = empty_set.and(scene.empty.as_ref());
        let Some([glance, close]) = eye.own(&scene.picture, small) else { continue };
        let with = CutOut { empty_set, seen: Some(&close), ..CutOut::default() };
        let cut = vision::cut_out(&picture, &with).unwrap();
        out.push((names[0], enlarge(&glance, scene.alpha.w, scene.alpha.h), None));
        out.push((names[1], enlarge(&close, scene.alpha.w, scene.alpha.h), None));
        out.push((names[2], cut.alpha.clone(), Some(cut)));
        if coarse.is_some() {
            let with = CutOut { coarse: coarse.as_ref(), ..with };
            let cut = vision::cut_out(&picture, &with).unwrap();
            out.push((
                METHODS[if empty_set.is_some() { 13 } else { 12 }],
                cut.alpha.clone(),
                Some(cut),
            ));
        }
    }
    for (name, empty_set, coarse) in [
        (METHODS[2], None, None),
        (METHODS[3], None, coarse.as_ref()),
        (METHODS[4], empty.as_ref(), None),
        (METHODS[5], empty.as_ref(), coarse.as_ref()),
    ] {
        let possible = (empty.is_some() || !matches!(name, "ours, empty set" | "ours, both"))
            && (coarse.is_some() || !matches!(name, "ours, network" | "ours, both"));
        if possible {
            let cut = vision::cut_out(&picture, &CutOut { empty_set, coarse, ..CutOut::default() })
                .unwrap();
            out.push((name, cut.alpha.clone(), Some(cut)));
        }
    }
    out
}

/// Sums by method and by row.
#[derive(Default)]
pub(super) struct Table(BTreeMap<(usize, String), Figures>);

impl Table {
    fn add(&mut self, method: &str, row: &str, figures: &Figures) {
        let order = METHODS.iter().position(|m| *m == method).unwrap_or(METHODS.len());
        self.0.entry((order, row.to_owned())).or_default().add(figures);
    }

    fn mean(&self, method: &str) -> Option<Figures> {
        let order = METHODS.iter().position(|m| *m == method)?;
        self.0.get(&(order, String::new())).map(Figures::mean)
    }

    fn row(&self, method: &str, row: &str) -> Option<Figures> {
        let order = METHODS.iter().position(|m| *m == method)?;
        self.0.get(&(order, row.to_owned())).map(Figures::mean)
    }

    pub(super) fn print(&self, title: &str) {
        println!("\n{title}");
        println!(
            "  {:<24}{:<12}{:>4} {:>8} {:>9} {:>9} {:>7} {:>7} {:>7}",
            "method", "row", "n", "SAD/k", "MSE*1e3", "gradient", "IoU", "open", "number"
        );
        for ((order, row), sum) in &self.0 {
            let m = sum.mean();
            println!(
                "  {:<24}{:<12}{:>4} {:>8.2} {:>9.3} {:>9.2} {:>7.4} {:>6.0}% {:>6.0}%",
                METHODS.get(*order).unwrap_or(&"?"),
                if row.is_empty() { "all" } else { row },
                m.n,
                m.sad,
                m.mse,
                m.gradient,
                m.iou,
                m.holes_open * 100.0,
                m.number_right * 100.0
            );
        }
    }
}

/// One line of bar and reached.
pub(super) fn bar(what: &str, want: &str, reached: f64, good: bool) {
    println!(
        "  {:<58} bar {:<8} reached {:<9.4} {}",
        what,
        want,
        reached,
        if good { "yes" } else { "NO" }
    );
}

/// The practice camera's sets: traced metal and stone on glossy paper.
fn practice(eye: &Eye, full: bool) {
    let side = if full { 1500 } else { 960 };
    let (mut table, mut shadows) = (Table::default(), Vec::new());
    for set in culet::practice::Scene::all() {
        let name = format!("{set}-{side}");
        let scene = scenes::kept(&name, if set.dark { "dark" } else { "light" }, || {
            real::practice_scene(set, side)
        });
        for (method, alpha, cut) in all_ways(&scene, eye) {
            let figures = Figures::of(&alpha, &scene.alpha);
            for row in ["", scene.ground, &scene.name] {
                table.add(method, row, &figures);
            }
            if method == "ours, own, empty set" {
                shadows.extend(cut.map(|c| shadow_figure(&scene, &c)));
            }
            save(&format!("practice-{}-{method}", scene.name), &scene, &alpha);
        }
    }
    table.print(&format!("practice sets, {side}x{}", side * 2 / 3));
    bars(&table, &shadows);
}

fn rendered(eye: &Eye, full: bool) {
    let seeds = if let Ok(seed) = std::env::var("CULET_SEED") {
        vec![seed.parse().unwrap()]
    } else if full {
        SEEDS.to_vec()
    } else {
        vec![SEEDS[0]]
    };
    let pieces: &[&str] = if full { &scenes::PIECES } else { &["ring", "chain", "wire", "hoops"] };
    let mut table = Table::default();
    let mut shadows = Vec::new();
    for (k, piece) in pieces.iter().enumerate() {
        for (g, ground) in scenes::GROUNDS.iter().enumerate() {
            for seed in &seeds {
                let seed = seed + 10 * (k * 5 + g) as u32;
                let scene = scenes::kept(&format!("{piece}-{ground}-{seed}"), ground, || {
                    scenes::render(piece, ground, 600, seed)
                });
                for (method, alpha, cut) in all_ways(&scene, eye) {
                    let figures = Figures::of(&alpha, &scene.alpha);
                    for row in ["", ground, piece] {
                        table.add(method, row, &figures);
                    }
                    if method == "ours, own, empty set" {
                        shadows.extend(cut.map(|c| shadow_figure(&scene, &c)));
                    }
                    if std::env::var("CULET_VERBOSE").is_ok() {
                        println!(
                            "    {} {ground} {method}: mse {:.3} iou {:.4} holes {}/{}",
                            scene.name, figures.mse, figures.iou, figures.holes_open, figures.holes
                        );
                    }
                    save(&format!("{piece}-{ground}-{method}"), &scene, &alpha);
                }
            }
        }
    }
    table.print(
        "rendered pieces, 900x600 (each picture counts in its ground's row and in its piece's)",
    );
    bars(&table, &shadows);
}

/// The bars for pieces with known truth.
fn bars(table: &Table, shadows: &[f64]) {
    if let Some(m) = table.mean("ours, own, empty set").or_else(|| table.mean("ours, empty set")) {
        bar("empty set: MSE * 1e3", "<= .4", m.mse, m.mse <= 0.4);
        bar("empty set: IoU", ">= .998", m.iou, m.iou >= 0.998);
        bar("empty set: holes open", ">= .95", m.holes_open, m.holes_open >= 0.95);
        let mean = shadows.iter().sum::<f64>() / shadows.len().max(1) as f64;
        bar("empty set: correlation of the shadow", ">= .95", mean, mean >= 0.95);
    }
    let best = table.mean("ours, own network").or_else(|| table.mean("ours, neither"));
    if let Some(m) = best {
        bar("no empty set: MSE * 1e3", "<= 2", m.mse, m.mse <= 2.0);
        bar("no empty set: IoU", ">= .98", m.iou, m.iou >= 0.98);
        bar("no empty set: holes open", ">= .85", m.holes_open, m.holes_open >= 0.85);
    }
}

/// Correlation of shadow and truth outside the subject.
fn shadow_figure(scene: &Scene, cut: &Cut) -> f64 {
    let Some(truth) = &scene.shadow else { return 1.0 };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for y in (0..truth.h).step_by(2) {
        for x in (0..truth.w).step_by(2) {
            if scene.alpha.at(x, y) == 0 {
                a.push(truth.at(x, y));
                b.push(at_full(&cut.shadow, truth, x, y));
            }
        }
    }
    figures::correlation(&a, &b)
}

fn at_full(reduced: &Plane, full: &Plane, x: usize, y: usize) -> f32 {
    let (kx, ky) = (reduced.w as f32 / full.w as f32, reduced.h as f32 / full.h as f32);
    reduced.sample((x as f32 + 0.5) * kx - 0.5, (y as f32 + 0.5) * ky - 0.5)
}

/// The pieces that have no contrast to their ground.
fn hard_cases(eye: &Eye, full: bool) {
    let mut table = Table::default();
    for (row, piece, ground, seeds) in [
        ("black/black", "stud", "black", [5203, 5207, 5211]),
        ("silver/white", "ring", "white", [5202, 5205, 5208]),
        ("silver/grey", "ring", "grey", [5202, 5205, 5208]),
        ("pearl/white", "pearl", "white", [5204, 5207, 5210]),
    ] {
        for seed in &seeds[..if full { 3 } else { 1 }] {
            let scene = scenes::kept(&format!("{piece}-{ground}-{seed}"), ground, || {
                scenes::render(piece, ground, 600, *seed)
            });
            for (method, alpha, _) in all_ways(&scene, eye) {
                table.add(method, row, &Figures::of(&alpha, &scene.alpha));
                save(&format!("{}-{method}", row.replace('/', "-")), &scene, &alpha);
            }
        }
    }
    table.print("rendered pieces like their ground");
}

/// 24 megapixels after the coarse mask.
fn speed() {
    let scene = scenes::render("chain", "white", 600, 301);
    let (w, h) = (6000, 4000);
    let large = |p: &Rgb8| {
        let image = image::RgbImage::from_raw(p.w as u32, p.h as u32, p.data.clone()).unwrap();
        let image = image::imageops::resize(&image, w, h, image::imageops::FilterType::Triangle);
        Picture::from_srgb8(Rgb8 { w: w as usize, h: h as usize, data: image.into_raw() })
    };
    let (picture, empty) = (large(&scene.picture), large(scene.empty.as_ref().unwrap()));
    for (name, empty_set) in [("fitted backdrop", None), ("empty set", Some(&empty))] {
        let with = CutOut { empty_set, coarse: Some(&scene.alpha), ..CutOut::default() };
        let best = (0..2)
            .map(|_| timed(|| vision::cut_out(&picture, &with).unwrap()).1)
            .fold(f64::MAX, f64::min);
        bar(&format!("24 megapixels, a chain, {name}: seconds"), "<= 2", best, best <= 2.0);
    }
}

pub(super) fn enlarge(mask: &Mask, w: usize, h: usize) -> Mask {
    let plane =
        Plane { w: mask.w, h: mask.h, data: mask.data.iter().map(|&v| f32::from(v)).collect() };
    let (kx, ky) = (mask.w as f32 / w as f32, mask.h as f32 / h as f32);
    Mask::from_fn(w, h, |x, y| {
        (plane.sample((x as f32 + 0.5) * kx - 0.5, (y as f32 + 0.5) * ky - 0.5) + 0.5) as u8
    })
}

/// The guided filter of the picture's luminance, radius 8, epsilon 1e-3, as the usual refinement.
fn guided(picture: &Rgb8, mask: &Mask) -> Mask {
    let (w, h) = (mask.w, mask.h);
    let guide: Vec<f32> = picture
        .data
        .chunks_exact(3)
        .map(|p| {
            (0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2])) / 255.0
        })
        .collect();
    let input: Vec<f32> = mask.data.iter().map(|&v| f32::from(v) / 255.0).collect();
    let mean = |v: &[f32]| mean_square(v, w, h, 8);
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<_>>();
    let (mg, mi) = (mean(&guide), mean(&input));
    let (gg, gi) = (mean(&product(&guide, &guide)), mean(&product(&guide, &input)));
    let a: Vec<f32> =
        (0..w * h).map(|i| (gi[i] - mg[i] * mi[i]) / (gg[i] - mg[i] * mg[i] + 1e-3)).collect();
    let b: Vec<f32> = (0..w * h).map(|i| mi[i] - a[i] * mg[i]).collect();
    let (a, b) = (mean(&a), mean(&b));
    Mask {
        w,
        h,
        data: (0..w * h).map(|i| ((a[i] * guide[i] + b[i]) * 255.0 + 0.5) as u8).collect(),
    }
}

fn mean_square(v: &[f32], w: usize, h: usize, r: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; (w + 1) * (h + 1)];
    for y in 0..h {
        let mut row = 0.0;
        for x in 0..w {
            row += f64::from(v[y * w + x]);
            sums[(y + 1) * (w + 1) + x + 1] = sums[y * (w + 1) + x + 1] + row;
        }
    }
    (0..w * h)
        .map(|i| {
            let (x, y) = (i % w, i / w);
            let (x0, x1, y0, y1) =
                (x.saturating_sub(r), (x + r + 1).min(w), y.saturating_sub(r), (y + r + 1).min(h));
            let at = |x: usize, y: usize| sums[y * (w + 1) + x];
            ((at(x1, y1) - at(x0, y1) - at(x1, y0) + at(x0, y0)) / ((x1 - x0) * (y1 - y0)) as f64)
                as f32
        })
        .collect()
}

/// Picture, truth and result side by side, when `CULET_LOOK` names a folder.
fn save(name: &str, scene: &Scene, alpha: &Mask) {
    let Ok(folder) = std::env::var("CULET_LOOK") else { return };
    let (w, h) = (scene.alpha.w, scene.alpha.h);
    let sheet = Rgb8::from_fn(w * 3, h, |x, y| match x / w {
        0 => scene.picture.at(x, y),
        1 => [scene.alpha.at(x - w, y); 3],
        _ => {
            let (t, a) = (scene.alpha.at(x - 2 * w, y), alpha.at(x - 2 * w, y));
            [a, a.min(t), a.max(t).min(255 - t.abs_diff(a) / 2)]
        }
    });
    let bytes = culet::imaging::jpeg::encode(&sheet, 88).unwrap();
    culet::imaging::files::write_atomic(
        &PathBuf::from(folder).join(format!("{}.jpg", name.replace([' ', ','], "_"))),
        &bytes,
    )
    .unwrap();
}
