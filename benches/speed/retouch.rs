//! A 24-megapixel keeper through the one-key finish as `culet retouch` runs it, against decoding and
//! encoding it alone. The network's glance at the product is measured by itself and counted apart.
//! `-- retouch instructions` also counts instructions under valgrind's callgrind (a minute or two);
//! with `CULET_SPEED_KEEP=FILE` the keeper is left there.

use crate::measure::{median, peak_mib, row, time};
use crate::negative;
use culet::engine::product::LOOK;
use culet::imaging::{Mask, Picture, Pixels, Rgb8, jpeg, open};
use culet::retouch::{Depth, Output, Proxy, Recipe, plan, reduced};
use std::path::Path;
use std::process::{self, Command};

const SIZE: (usize, usize) = (6000, 4000);
const ROUNDS: usize = 5;
/// Longest side of the picture in the window, pixels.
const SCREEN: usize = 1600;

pub fn run() {
    // The file is made in a process of its own: its buffers must not count as the retouch's memory.
    if let Some(path) = std::env::var_os("CULET_SPEED_FILE") {
        let bytes = std::fs::read(path).unwrap();
        one(&bytes);
        println!("{}", peak_mib().unwrap_or(0.0));
        return;
    }
    let bytes = keeper();
    if let Some(path) = std::env::var_os("CULET_SPEED_KEEP") {
        culet::imaging::files::write_atomic(Path::new(&path), &bytes).unwrap();
    }
    println!("24 MP JPEG of {:.1} MB; CPU seconds, median of {ROUNDS}", bytes.len() as f64 / 1e6);
    let [mut floors, mut totals, mut walls, mut glances] = [(); 4].map(|()| Vec::new());
    for _ in 0..ROUNDS {
        let ((), floor, _) = time(|| {
            let picture = jpeg::decode(&bytes).unwrap();
            jpeg::encode(&picture, 95).unwrap();
        });
        let (steps, total, wall) = time(|| one(&bytes));
        floors.push(floor);
        totals.push(total);
        walls.push(wall);
        glances.push(glance(&bytes));
        if floors.len() == 1 {
            println!("  steps: {}", steps.join(", "));
        }
    }
    let (floor, total, glance) = (median(floors), median(totals), median(glances));
    row("decode and encode", "", floor, "s", true);
    row("the same with the one-key finish", "", total, "s", true);
    row("of it the network's glance at the product", "", glance, "s", true);
    row("CPU over the floor, all of it", "", total / floor, "x", true);
    let aside = (total - glance) / floor;
    row("CPU over the floor, the network aside", "<= 2.5", aside, "x", aside <= 2.5);
    row("wall time", "", median(walls), "s", true);
    parts(&bytes);
    slider(&bytes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keeper.jpg");
    culet::imaging::files::write_atomic(&path, &bytes).unwrap();
    if let Some(peak) = peak_of_one(&path) {
        row("peak memory of one retouch", "<= 200", peak, "MiB", peak <= 200.0);
    }
    raw();
    batch(&bytes);
    if std::env::args().any(|a| a == "instructions") {
        match instructions_of_one(&path) {
            Some(g) => row("instructions of one retouch", "<= 5.1", g, "G", g <= 5.1),
            None => println!("  instructions: skipped, valgrind is not there"),
        }
    }
}

/// From bytes to bytes, as the program does it. `CULET_SPEED_BLIND` leaves the network out: what is
/// counted in instructions is the retouch.
fn one(bytes: &[u8]) -> Vec<&'static str> {
    let picture = Picture::from_srgb8(jpeg::decode(bytes).unwrap());
    let product = if std::env::var_os("CULET_SPEED_BLIND").is_some() {
        Some(culet::vision::subject(&culet::engine::reduced(&picture, LOOK), None))
    } else {
        product(&picture)
    };
    let proxy = Proxy::new(&picture, product.as_ref());
    let recipe = Recipe::automatic(&proxy);
    let plan = plan(&recipe, &proxy);
    drop(proxy);
    let out = plan.render_over(picture, &Output::default());
    let Pixels::Eight(out) = &out.pixels else { panic!("eight bits stay eight bits") };
    std::hint::black_box(jpeg::encode(out, 95).unwrap());
    plan.steps().iter().map(|(id, _)| *id).collect()
}

fn product(picture: &Picture) -> Option<Mask> {
    culet::engine::product_for(picture, &Recipe::default(), None).unwrap().0
}

/// CPU seconds of the network alone, which is opened before.
fn glance(bytes: &[u8]) -> f64 {
    #[cfg(feature = "network")]
    {
        use culet::vision::network::SubjectNetwork;
        static NETWORK: std::sync::OnceLock<SubjectNetwork> = std::sync::OnceLock::new();
        let network = NETWORK.get_or_init(|| SubjectNetwork::built_in().unwrap());
        let picture = Picture::from_srgb8(jpeg::decode(bytes).unwrap());
        let small = culet::engine::reduced(&picture, LOOK);
        time(|| network.glance(&small, None).unwrap()).1
    }
    #[cfg(not(feature = "network"))]
    {
        let _ = bytes;
        0.0
    }
}

/// A camera raw of 24 megapixels from its bytes to a finished JPEG.
fn raw() {
    let bytes = negative::dng();
    let developed = open::open(&bytes);
    let size = developed.map(|o| o.picture.size());
    if !matches!(size, Ok(size) if size == SIZE) {
        return println!("  raw: skipped, {size:?}");
    }
    let (mut opens, mut totals, mut walls) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (opened, open, before) = time(|| open::open(&bytes).unwrap());
        let ((), rest, after) = time(|| {
            let proxy = Proxy::new(&opened.picture, product(&opened.picture).as_ref());
            let plan = plan(&Recipe::automatic(&proxy), &proxy);
            let eight = Output { depth: Depth::Eight, side: None };
            let out = plan.render_over(opened.picture, &eight);
            std::hint::black_box(jpeg::encode(&out.to_srgb8(), 95).unwrap());
        });
        opens.push(open);
        totals.push(open + rest);
        walls.push(before + after);
    }
    println!(
        "  raw of 24 MP, a DNG of {:.1} MB; CPU seconds, the glance included:",
        bytes.len() as f64 / 1e6
    );
    row("raw: decode and develop", "", median(opens), "s", true);
    row("raw: from its bytes to a finished JPEG", "", median(totals), "s", true);
    row("  the same, wall time", "", median(walls), "s", true);
    if let Some(folder) = std::env::var_os("CULET_SPEED_KEEP_RAW") {
        culet::imaging::files::write_atomic(Path::new(&folder), &bytes).unwrap();
    }
}

/// Keepers of one batch on the command line; the time of a hundred is ten times theirs.
const KEEPERS: usize = 10;

/// A batch as `culet retouch` works through it, product mask and files included.
fn batch(keeper: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let keepers = folder.path().join("keepers");
    std::fs::create_dir(&keepers).unwrap();
    for i in 0..KEEPERS {
        let path = keepers.join(format!("keeper{i}.jpg"));
        culet::imaging::files::write_atomic(&path, keeper).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_culet"));
    command.arg("retouch").arg(&keepers).arg("-o").arg(folder.path().join("done"));
    let start = std::time::Instant::now();
    let done = command.output().ok().filter(|o| o.status.success());
    let wall = start.elapsed().as_secs_f64();
    match done {
        Some(_) => {
            println!("  {KEEPERS} of 24 MP took {wall:.1} s; a hundred take ten times as long:");
            row("100 keepers, wall time", "", wall * 100.0 / KEEPERS as f64, "s", true);
        }
        None => println!("  batch: `culet retouch` failed"),
    }
}

/// What a slider's step costs in the window: the plan, the picture for the screen from its reduced
/// copy, and the metal's colour.
fn slider(bytes: &[u8]) {
    let picture = Picture::from_srgb8(jpeg::decode(bytes).unwrap());
    let proxy = Proxy::new(&picture, None);
    let mut recipe = Recipe::automatic(&proxy);
    let (small, first, _) = time(|| reduced(&picture, SCREEN));
    let (mut plans, mut previews, mut metals) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..ROUNDS {
        recipe.set("exposure.ev", &format!("{}", 0.1 * i as f32)).unwrap();
        let (plan, planning, _) = time(|| plan(&recipe, &proxy));
        let (_, preview, _) = time(|| plan.preview(&small, SCREEN));
        let (_, metal, _) = time(|| plan.metal(&proxy));
        plans.push(planning * 1e3);
        previews.push(preview * 1e3);
        metals.push(metal * 1e3);
    }
    println!(
        "  a slider's step at {SCREEN} pixels, CPU; the first one reduces for {:.0} ms:",
        first * 1e3
    );
    row("slider: plan", "", median(plans), "ms", true);
    row("slider: picture for the screen", "", median(previews), "ms", true);
    row("slider: the metal's colour", "", median(metals), "ms", true);
}

/// Where the time goes.
fn parts(bytes: &[u8]) {
    let picture = Picture::from_srgb8(jpeg::decode(bytes).unwrap());
    let (product, finding, _) = time(|| product(&picture));
    let (proxy, look, _) = time(|| Proxy::new(&picture, product.as_ref()));
    let recipe = Recipe::automatic(&proxy);
    let (plan, planning, _) = time(|| plan(&recipe, &proxy));
    let (_, render, _) = time(|| plan.render_over(picture, &Output::default()));
    println!(
        "  of it: the product {finding:.3}, looking {look:.3}, planning {planning:.3}, rendering \
         {render:.3} s"
    );
}

/// Peak memory of a process that does nothing else.
fn peak_of_one(keeper: &Path) -> Option<f64> {
    let out = alone(&mut Command::new(std::env::current_exe().ok()?), keeper)?;
    String::from_utf8_lossy(&out.stdout).lines().last()?.trim().parse().ok()
}

/// Instructions, in thousands of millions, of a process that does nothing else, on one thread:
/// callgrind counts the same on a busy machine.
fn instructions_of_one(keeper: &Path) -> Option<f64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(std::env::current_exe().ok()?).env("RAYON_NUM_THREADS", "1");
    valgrind.env("CULET_SPEED_BLIND", "1");
    let out = alone(&mut valgrind, keeper)?;
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let count = text.lines().find_map(|l| l.split_once("Collected : "))?.1;
    count.trim().parse::<f64>().ok().map(|n| n / 1e9)
}

/// This program once more, for one retouch of the keeper.
fn alone(command: &mut Command, keeper: &Path) -> Option<process::Output> {
    command.arg("retouch").env("CULET_SPEED_FILE", keeper).output().ok()
}

/// A gold ring on paper in falling light, with grain, specks and a hot spot, as a camera stores it.
fn keeper() -> Vec<u8> {
    let (w, h) = SIZE;
    let mut seed = 1_u32;
    let picture = Rgb8::from_fn(w, h, |x, y| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (seed >> 24) as f32 / 64.0 - 2.0;
        let (u, v) = (x as f32 / w as f32 - 0.5, (y as f32 - h as f32 * 0.5) / w as f32);
        let d = u.hypot(v);
        if (0.11..0.17).contains(&d) {
            let turn = v.atan2(u);
            let hot = 150.0 * (-((turn - 0.6) * 9.0).powi(2)).exp();
            let shine = 70.0 + 60.0 * (turn * 9.0).sin().powi(2) + 25.0 * (d * 900.0).sin() + hot;
            return [shine * 1.15, shine * 0.9, shine * 0.55].map(|v| (v + grain) as u8);
        }
        let shade = 1.0 - 0.25 * (-((u * 6.0).powi(2) + ((v - 0.17) * 15.0).powi(2))).exp();
        let speck = if x % 700 < 4 && y % 900 < 4 { 0.8 } else { 1.0 };
        let paper = (212.0 - 26.0 * u - 18.0 * v) * shade * speck;
        [paper + grain, paper * 0.98 + grain, paper * 0.93 + grain].map(|v| v as u8)
    });
    jpeg::encode(&picture, 95).unwrap()
}
