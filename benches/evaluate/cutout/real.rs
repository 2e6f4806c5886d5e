//! Real pictures: cut-outs with their own alpha over real grounds, published mattes, and a sheet to look at.

use super::figures::Figures;
use super::scenes::{Random, Scene};
use super::{Eye, Table, all_ways, bar};
use culet::imaging::{Mask, Picture, Rgb8, colour, files, jpeg};
use culet::vision::{self, Background, CutOut, ShadowLayer};
use image::imageops::FilterType;
use std::path::{Path, PathBuf};

fn data() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var("CULET_DATA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// Empty parts of real pictures: file, left, upper, width and height in parts of the picture, kind.
const GROUNDS: [(&str, [f32; 4], &str); 14] = [
    ("dslr-session/17HK0250.jpg", [0.02, 0.65, 0.42, 0.33], "smooth"),
    ("dslr-session/17HK0260.jpg", [0.02, 0.45, 0.25, 0.5], "textured"),
    ("dslr-session/D02A2678.jpg", [0.0, 0.1, 0.3, 0.85], "smooth"),
    ("dslr-session/D02A2698.jpg", [0.0, 0.05, 0.22, 0.85], "smooth"),
    ("dslr-session/D02A2708.jpg", [0.78, 0.05, 0.21, 0.9], "smooth"),
    ("dslr-session/IMG_7739a.jpg", [0.0, 0.0, 1.0, 0.26], "smooth"),
    ("dslr-session/_MG_9111.jpg", [0.0, 0.1, 0.22, 0.85], "smooth"),
    ("dslr-session/_MG_9142.jpg", [0.0, 0.4, 0.2, 0.55], "smooth"),
    ("dslr-session/_MG_9106.jpg", [0.0, 0.62, 0.22, 0.36], "smooth"),
    ("dslr-session/DSC04446.jpg", [0.0, 0.0, 0.26, 0.95], "smooth"),
    ("dslr-session/IMG_4006.jpg", [0.72, 0.05, 0.27, 0.6], "smooth"),
    ("phone-rough/IMG-20240727-WA0003_103608.jpg", [0.02, 0.58, 0.96, 0.4], "textured"),
    ("dslr-session/DSC04481.jpg", [0.0, 0.02, 0.35, 0.18], "textured"),
    ("dslr-session/_MG_9898.jpg", [0.05, 0.68, 0.4, 0.28], "textured"),
];

fn open(path: &Path) -> Option<image::DynamicImage> {
    let mut reader = image::ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    reader.no_limits();
    reader.decode().ok()
}

/// The longest side at most `side`.
fn shrink(image: &image::DynamicImage, side: u32) -> image::DynamicImage {
    if image.width().max(image.height()) <= side {
        image.clone()
    } else {
        image.resize(side, side, FilterType::Triangle)
    }
}

/// A shot of a practice set; the empty set gets noise of its own.
pub(super) fn practice_scene(set: culet::practice::Scene, side: usize) -> Scene {
    use culet::practice::{Quality, Set, Shot};
    let (w, h) = (side, side * 2 / 3);
    let (picture, truth) = Set::new(set, w, h, Quality::FIRST).photograph(&Shot::default());
    let mut random = Random::new(17);
    let noise = |v: u8, random: &mut Random| {
        let n = 0.009 * (random.unit() + random.unit() + random.unit() - 1.5) * 255.0;
        (f32::from(v) + n + 0.5).clamp(0.0, 255.0) as u8
    };
    let data = truth.empty_set.data.iter().map(|&v| noise(v, &mut random)).collect();
    Scene {
        name: set.to_string(),
        ground: if set.dark { "dark" } else { "light" },
        picture,
        empty: Some(Rgb8 { w, h, data }),
        alpha: truth.subject,
        shadow: Some(truth.shadow),
    }
}

/// Alpha of cut-outs of jewellery, laid over real grounds.
pub(super) fn over_grounds(eye: &Eye, full: bool) {
    let Some(data) = data() else { return };
    let folder = data.join("jewellery");
    let mut names: Vec<_> = std::fs::read_dir(folder.join("cutout-alpha"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    names.sort();
    let grounds: Vec<_> = GROUNDS
        .iter()
        .filter_map(|(file, part, kind)| Some((open(&folder.join(file))?, part, *kind)))
        .collect();
    let (mut by_kind, mut by_piece, mut worst) = (Table::default(), Table::default(), Vec::new());
    for (k, name) in names.iter().enumerate() {
        let Some(cutout) = open(name) else { continue };
        let cutout = shrink(&cutout, 620).to_rgba8();
        let chosen: Vec<usize> = if full {
            (0..grounds.len()).collect()
        } else {
            vec![(2 * k) % grounds.len(), (2 * k + 1) % grounds.len()]
        };
        for g in chosen {
            let (ground, part, kind) = &grounds[g];
            let scene = super::scenes::kept(&format!("real-{k}-{g}"), kind, || {
                lay(&cutout, ground, part, kind, &format!("{k}"), (k * 20 + g) as u32)
            });
            for (method, alpha, _) in all_ways(&scene, eye) {
                let figures = Figures::of(&alpha, &scene.alpha);
                by_kind.add(method, "", &figures);
                by_kind.add(method, kind, &figures);
                by_piece.add(method, &format!("piece {k}"), &figures);
                if method == "ours, own network" {
                    worst.push((
                        figures.iou,
                        format!(
                            "{} over {}",
                            name.file_name().unwrap().to_string_lossy(),
                            GROUNDS[g].0
                        ),
                    ));
                }
                super::save(&format!("real-{k}-{g}-{method}"), &scene, &alpha);
            }
        }
    }
    by_kind.print("cut-outs of jewellery over real grounds");
    if full {
        by_piece.print("the same by piece");
    }
    worst.sort_by(|a, b| a.0.total_cmp(&b.0));
    println!(
        "  worst: {}",
        worst
            .iter()
            .take(4)
            .map(|(iou, name)| format!("{name} {iou:.2}"))
            .collect::<Vec<_>>()
            .join("; ")
    );
    let rows = |method: &str| by_kind.row(method, "smooth");
    if let (Some(ours), Some(network)) = (rows("ours, network"), rows("network, bilinear")) {
        bar("real grounds, smooth: IoU with the network", ">= .95", ours.iou, ours.iou >= 0.95);
        bar(
            "real grounds, smooth: IoU over the network alone",
            "> 0",
            ours.iou - network.iou,
            ours.iou > network.iou,
        );
    }
    if let (Some(ours), Some(network)) =
        (by_kind.row("ours, network", "textured"), by_kind.row("network, bilinear", "textured"))
    {
        bar(
            "real grounds, textured: IoU over the network alone",
            "> 0",
            ours.iou - network.iou,
            ours.iou > network.iou,
        );
    }
}

/// A cut-out over a part of a picture, mixed in linear light, with a margin around it.
fn lay(
    cutout: &image::RgbaImage,
    ground: &image::DynamicImage,
    part: &[f32; 4],
    kind: &'static str,
    name: &str,
    seed: u32,
) -> Scene {
    let margin = cutout.width().max(cutout.height()) / 8;
    let (w, h) = (cutout.width() + 2 * margin, cutout.height() + 2 * margin);
    let size = (ground.width() as f32, ground.height() as f32);
    let crop = ground.crop_imm(
        (part[0] * size.0) as u32,
        (part[1] * size.1) as u32,
        (part[2] * size.0) as u32,
        (part[3] * size.1) as u32,
    );
    let paper = crop.resize_exact(w, h, FilterType::CatmullRom).to_rgb8();
    let at = |x: usize, y: usize| -> [f32; 4] {
        let (u, v) = ((x as u32).wrapping_sub(margin), (y as u32).wrapping_sub(margin));
        if u < cutout.width() && v < cutout.height() {
            cutout.get_pixel(u, v).0.map(|v| f32::from(v) / 255.0)
        } else {
            [0.0; 4]
        }
    };
    let mut random = Random::new(seed + 1);
    // What resizing took away from the ground's noise.
    let mut noise = || 0.006 * (random.unit() + random.unit() - 1.0);
    let picture = Rgb8::from_fn(w as usize, h as usize, |x, y| {
        let (p, g) = (at(x, y), paper.get_pixel(x as u32, y as u32).0);
        std::array::from_fn(|c| {
            let v = colour::srgb_decode(p[c]) * p[3]
                + colour::srgb_decode(f32::from(g[c]) / 255.0) * (1.0 - p[3]);
            ((colour::srgb_encode(v) + noise()).clamp(0.0, 1.0) * 255.0 + 0.5) as u8
        })
    });
    let alpha = Mask::from_fn(w as usize, h as usize, |x, y| (at(x, y)[3] * 255.0 + 0.5) as u8);
    Scene { name: name.to_owned(), ground: kind, picture, empty: None, alpha, shadow: None }
}

/// Photographs with published mattes: fur, on grounds that are not smooth.
pub(super) fn mattes(eye: &Eye) {
    let Some(data) = data() else { return };
    let masks = data.join("masks");
    let mut pairs: Vec<(PathBuf, PathBuf)> = ["1", "3", "5", "9", "11", "13"]
        .iter()
        .map(|n| {
            (masks.join(format!("am2k/sample{n}.jpg")), masks.join(format!("am2k/sample{n}.png")))
        })
        .collect();
    pairs.push((masks.join("gt05-merged/GT05.jpg"), masks.join("gt05-alpha/GT05.jpg")));
    let mut table = Table::default();
    for (picture, matte) in pairs {
        let (Some(picture), Some(matte)) = (open(&picture), open(&matte)) else { continue };
        let picture = shrink(&picture, 800).to_rgb8();
        let matte =
            matte.resize_exact(picture.width(), picture.height(), FilterType::Triangle).to_luma8();
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let scene = Scene {
            name: String::new(),
            ground: "matte",
            picture: Rgb8 { w, h, data: picture.into_raw() },
            empty: None,
            alpha: Mask { w, h, data: matte.into_raw() },
            shadow: None,
        };
        for (method, alpha, _) in all_ways(&scene, eye) {
            table.add(method, "mattes", &Figures::of(&alpha, &scene.alpha));
        }
    }
    table.print("photographs with published mattes (fur)");
}

/// Real jewellery over magenta, to be looked at.
pub(super) fn contact_sheet(eye: &Eye, folder: &Path) {
    const CELL: usize = 420;
    const COLUMNS: usize = 6;
    let Some(data) = data() else { return };
    let names: Vec<PathBuf> = SHEET.iter().map(|n| data.join("jewellery").join(n)).collect();
    let rows = names.len().div_ceil(COLUMNS / 2);
    let mut sheet = Rgb8 {
        w: CELL * COLUMNS,
        h: CELL * rows,
        data: vec![60; CELL * COLUMNS * CELL * rows * 3],
    };
    for (k, name) in names.iter().enumerate() {
        let Some(image) = open(name) else { continue };
        let image = shrink(&image, 1600).to_rgb8();
        let rgb =
            Rgb8 { w: image.width() as usize, h: image.height() as usize, data: image.into_raw() };
        let coarse = eye.mask(&rgb);
        let picture = Picture::from_srgb8(rgb.clone());
        let cut =
            vision::cut_out(&picture, &CutOut { coarse: coarse.as_ref(), ..CutOut::default() })
                .unwrap();
        println!(
            "  {:>2} {} {:?} sure {:.2} holes {} {}",
            k + 1,
            name.file_name().unwrap().to_string_lossy(),
            cut.method,
            cut.confidence,
            cut.holes,
            cut.warnings.join("; ")
        );
        let out =
            vision::compose(&picture, &cut, &Background::Colour([255, 0, 255]), ShadowLayer::Drop);
        let over = Rgb8::from_fn(out.w, out.h, |x, y| {
            let p = out.data[y * out.w + x].to_ne_bytes();
            [p[0], p[1], p[2]]
        });
        let (x, y) = (k % (COLUMNS / 2) * 2 * CELL, k / (COLUMNS / 2) * CELL);
        paste(&mut sheet, &rgb, x, y, CELL);
        paste(&mut sheet, &over, x + CELL, y, CELL);
    }
    let bytes = jpeg::encode(&sheet, 90).unwrap();
    files::write_atomic(&folder.join("cutouts.jpg"), &bytes).unwrap();
    println!("  contact sheet: {}", folder.join("cutouts.jpg").display());
}

/// Pictures of the sheet.
const SHEET: [&str; 30] = [
    "dslr-session/17HK0250.jpg",
    "dslr-session/17HK0260.jpg",
    "dslr-session/D02A2678.jpg",
    "dslr-session/D02A2708.jpg",
    "dslr-session/DSC04446.jpg",
    "dslr-session/DSC04481.jpg",
    "dslr-session/IMG_7739a.jpg",
    "dslr-session/IMG_7743.jpg",
    "dslr-session/IMG_7744.jpg",
    "dslr-session/_MG_9106.jpg",
    "dslr-session/_MG_9111.jpg",
    "dslr-session/_MG_9142.jpg",
    "dslr-session/_MG_9147.jpg",
    "dslr-session/_MG_9898.jpg",
    "hires/item-10.jpg",
    "hires/BARCELET.jpg",
    "web/earrings.jpg",
    "web/item-4.jpg",
    "web/item-6.jpg",
    "web/ring.jpg",
    "black/Gold-chain.jpg",
    "black/aurora-solitaire.jpg",
    "black/imperial-ocean-pearl.jpg",
    "black/royal-signature-necklace.jpg",
    "retouched-on-white/colo1.jpg",
    "retouched-on-white/retouch1.jpg",
    "retouched-on-white/retouch5.jpg",
    "phone-rough/IMG-20240727-WA0003_103608.jpg",
    "phone-rough/IMG-20240527-WA0002_103510.jpg",
    "phone-rough/IMG-20240204-WA0002_103349.jpg",
];

fn paste(sheet: &mut Rgb8, picture: &Rgb8, x: usize, y: usize, cell: usize) {
    let image = image::RgbImage::from_raw(picture.w as u32, picture.h as u32, picture.data.clone())
        .unwrap();
    let small = image::imageops::thumbnail(
        &image,
        (picture.w * cell / picture.w.max(picture.h)) as u32,
        (picture.h * cell / picture.w.max(picture.h)) as u32,
    );
    for (u, v, p) in small.enumerate_pixels() {
        let i = ((y + v as usize) * sheet.w + x + u as usize) * 3;
        sheet.data[i..i + 3].copy_from_slice(&p.0);
    }
}
