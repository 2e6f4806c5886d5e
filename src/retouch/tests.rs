//! Promises that every operation keeps, driven by the table of operations.

use super::controls::{Choice, Clamp, choose};
use super::*;
use crate::imaging::{Mask, Picture, Pixels, Rgb8, Rgb16, Space};
use proptest::prelude::*;
use std::ops::RangeInclusive;

/// A piece on a light backdrop: a dark disc with a glint, a soft shadow, warm falling light, grain.
pub(super) fn scene(w: usize, h: usize) -> Rgb8 {
    let mut seed = 9_u32;
    Rgb8::from_fn(w, h, |x, y| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (seed >> 24) as f32 / 255.0 * 2.0 - 1.0;
        let (u, v) = (x as f32 / w as f32 - 0.5, (y as f32 - h as f32 * 0.5) / w as f32);
        let falloff = 215.0 - 30.0 * u - 20.0 * v;
        let shade = 1.0 - 0.25 * (-((u * 6.0).powi(2) + ((v - 0.16) * 14.0).powi(2))).exp();
        let d = u.hypot(v);
        if d < 0.14 {
            let glint = 160.0 * (-((u + 0.05).powi(2) + (v + 0.05).powi(2)) * 2500.0).exp();
            let metal = 90.0 + 50.0 * (u * 60.0).sin() + glint;
            return [metal + 30.0 + grain, metal + grain, metal - 40.0 + grain].map(|v| v as u8);
        }
        let paper = falloff * shade + grain;
        [paper, paper * 0.97, paper * 0.9].map(|v| v as u8)
    })
}

fn deep(picture: &Rgb8, space: Space) -> Picture {
    let data = picture.data.iter().map(|&v| (u16::from(v) * 257) ^ 0x55).collect();
    let pixels = Pixels::Sixteen(Rgb16 { w: picture.w, h: picture.h, data });
    Picture { pixels, space, metadata: crate::imaging::Metadata::default() }
}

fn pictures() -> [Picture; 3] {
    let eight = scene(160, 120);
    [deep(&eight, Space::Srgb), deep(&eight, Space::Rec2020), Picture::from_srgb8(eight)]
}

#[test]
fn every_operation_is_neutral_by_default_and_leaves_every_bit() {
    for picture in pictures() {
        let proxy = Proxy::new(&picture, None);
        for step in operations() {
            assert!(step.is_neutral(), "{}", step.id());
            let recipe = Recipe { steps: vec![step.clone()], ..Recipe::default() };
            assert!(plan(&recipe, &proxy).render(&picture) == picture, "{}", step.id());
        }
        let all = Recipe { steps: operations(), ..Recipe::default() };
        assert!(plan(&all, &proxy).render(&picture) == picture);
        assert!(all.summary().is_empty());
    }
}

/// Each parameter's name, the last of its values, and the one it has.
#[derive(Default)]
struct Read(Vec<(&'static str, String, String)>);

impl Controls for Read {
    fn slider(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        _: &'static str,
        help: &'static str,
    ) {
        assert!(!label.is_empty() && help.ends_with('.'), "{name}: {label}, {help}");
        assert!(range.contains(&*value), "{name}: {value}");
        self.0.push((name, range.end().to_string(), value.to_string()));
    }
    fn toggle(&mut self, name: &'static str, l: &'static str, v: &mut bool, help: &'static str) {
        assert!(!l.is_empty() && help.ends_with('.'), "{name}: {help}");
        self.0.push((name, "true".to_owned(), v.to_string()));
    }
    fn choice(
        &mut self,
        name: &'static str,
        l: &'static str,
        value: &mut usize,
        options: &[&'static str],
        help: &'static str,
    ) {
        assert!(!l.is_empty() && help.ends_with('.') && options.len() > 1, "{name}: {help}");
        self.0.push((name, options[options.len() - 1].to_owned(), options[*value].to_owned()));
    }
}

#[test]
fn every_parameter_is_documented_and_can_be_set_by_name() {
    for mut step in operations() {
        assert!(step.help().ends_with('.') && !step.label().is_empty(), "{}", step.id());
        let mut neutral = Read::default();
        step.controls(&mut neutral);
        for (i, (name, last, _)) in neutral.0.iter().enumerate() {
            let mut recipe = Recipe::default();
            recipe.set(&format!("{}.{name}", step.id()), last).unwrap();
            let mut now = Read::default();
            recipe.steps[0].controls(&mut now);
            assert_eq!(&now.0[i].2, last, "{}.{name}", step.id());
        }
    }
}

/// Random values inside (or, if wild, far outside) of each range.
struct Random {
    values: Vec<f32>,
    next: usize,
}

impl Random {
    fn draw(&mut self) -> f32 {
        self.next += 1;
        self.values[(self.next - 1) % self.values.len()]
    }
}

impl Controls for Random {
    fn slider(
        &mut self,
        _: &'static str,
        _: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        _: &'static str,
        _: &'static str,
    ) {
        *value = range.start() + (range.end() - range.start()) * self.draw();
    }
    fn toggle(&mut self, _: &'static str, _: &'static str, value: &mut bool, _: &'static str) {
        *value = self.draw() > 0.5;
    }
    fn choice(
        &mut self,
        _: &'static str,
        _: &'static str,
        value: &mut usize,
        options: &[&'static str],
        _: &'static str,
    ) {
        *value = ((self.draw() * options.len() as f32) as usize).min(options.len() - 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_parameters_give_pictures_and_survive_the_sidecar(
        values in proptest::collection::vec(0.0_f32..=1.0, 61),
        w in 1_usize..70,
        h in 1_usize..50,
    ) {
        let mut random = Random { values, next: 0 };
        let mut recipe = Recipe { steps: operations(), ..Recipe::default() };
        for step in &mut recipe.steps {
            step.controls(&mut random);
            step.opacity = random.draw();
        }
        let picture = Picture::from_srgb8(scene(w, h));
        let plan = plan(&recipe, &Proxy::new(&picture, None));
        let (rw, rh) = plan.render(&picture).size();
        prop_assert!(rw >= 1 && rh >= 1);
        prop_assert!(plan.all_finite(&picture));
        let text = recipe.to_toml();
        prop_assert_eq!(&Recipe::parse(&text).unwrap(), &recipe, "{}", text);
        let json = serde_json::to_string(&recipe).unwrap();
        prop_assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
    }

    #[test]
    fn wild_values_are_pulled_into_range(wild in proptest::collection::vec(proptest::num::f32::ANY, 17)) {
        let mut random = Random { values: wild, next: 0 };
        for mut step in operations() {
            step.controls(&mut random);
            let mut recipe = Recipe { steps: vec![step], ..Recipe::default() };
            recipe.tame();
            let tame = recipe.clone();
            recipe.steps[0].controls(&mut Clamp);
            prop_assert_eq!(recipe, tame);
        }
    }
}

#[test]
fn version_one_migrates_and_a_newer_one_is_refused() {
    let old = "version = 1\nexposure_ev = 1.5\nwhite_balance = [1.1, 1.0, 0.9]\ncontrast = 99.0\nsharpening = nan";
    let recipe = Recipe::parse(old).unwrap();
    let ids: Vec<_> = recipe.steps.iter().map(Step::id).collect();
    assert_eq!(ids, ["white_balance", "exposure", "tone", "sharpen"]);
    assert_eq!(recipe.version, VERSION);
    let Op::Tone(tone) = &recipe.steps[2].op else { panic!("{recipe:?}") };
    assert_eq!(tone.contrast, 1.0);
    assert!(recipe.steps[3].is_neutral());
    let json = r#"{"version":1,"exposure_ev":0.0,"white_balance":[1.0,1.0,1.0],"contrast":0.2,"sharpening":0.0}"#;
    assert_eq!(serde_json::from_str::<Recipe>(json).unwrap().steps.len(), 1);
    assert!(matches!(Recipe::parse("version = 3\nnew = 1"), Err(RecipeError::Newer(3))));
    let calibration = "version = 1\ngains = [1.0, 1.0, 1.1]\nexposure_ev = 0.3\n";
    assert!(Recipe::parse(calibration).unwrap_err().to_string().contains("gains"));
    let newer = serde_json::from_str::<Recipe>(r#"{"version":3}"#).unwrap_err();
    assert!(newer.to_string().contains("update Culet"), "{newer}");
}

#[test]
fn what_a_recipe_does_not_know_is_refused_in_words() {
    let error = Recipe::parse("version = 2\n[[steps]]\nop = \"glow\"").unwrap_err().to_string();
    assert!(error.contains("glow") && error.contains("exposure"), "{error}");
    let error = Recipe::parse("version = 2\n[[steps]]\nop = \"tone\"\ncontrats = 0.2").unwrap_err();
    assert!(error.to_string().contains("step 1 (tone) has no contrats"), "{error}");
    let mut recipe = Recipe::default();
    for (name, value) in
        [("glow.size", "1"), ("tone.size", "1"), ("tone.contrast", "7"), ("tone.on", "perhaps")]
    {
        let error = recipe.set(name, value).unwrap_err().to_string();
        assert!(error.contains(name) || error.contains("glow"), "{error}");
    }
    assert_eq!(recipe, Recipe::default());
}

#[test]
fn set_puts_steps_in_pipeline_order() {
    let mut recipe = Recipe::default();
    recipe.set("sharpen.amount", "0.5").unwrap();
    recipe.set("exposure.ev", "1").unwrap();
    recipe.set("exposure.opacity", "0.5").unwrap();
    let ids: Vec<_> = recipe.steps.iter().map(Step::id).collect();
    assert_eq!(ids, ["exposure", "sharpen"]);
    assert_eq!(recipe.steps[0].opacity, 0.5);
}

#[test]
fn a_stop_doubles_linear_light_and_keeps_hue() {
    let picture = Picture::from_srgb8(Rgb8::from_fn(4, 4, |_, _| [100, 80, 60]));
    let mut recipe = Recipe::default();
    recipe.set("exposure.ev", "1").unwrap();
    let out = plan(&recipe, &Proxy::new(&picture, None)).render(&picture).to_srgb8().at(1, 1);
    let table = crate::imaging::colour::srgb_decode_table();
    for (before, after) in [100, 80, 60].iter().zip(out) {
        let ratio = table[usize::from(after)] / table[*before];
        assert!((ratio - 2.0).abs() < 0.05, "{out:?}");
    }
}

#[test]
fn tiles_leave_no_seam() {
    let picture = Picture::from_srgb8(scene(600, 300));
    let mut recipe = Recipe::automatic(&Proxy::new(&picture, None));
    recipe.set("sharpen.everywhere", "on").unwrap();
    recipe.set("sharpen.radius", "2").unwrap();
    let plan = plan(&recipe, &Proxy::new(&picture, None));
    let tiled = plan.render(&picture);
    let whole = plan.render_whole(&picture);
    let (a, b) = (tiled.to_srgb8(), whole.to_srgb8());
    // Fused matrices round differently in the last bit.
    let worst = a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "{worst:?}");
}

#[test]
fn a_picture_is_changed_in_its_own_memory_as_into_a_new_one() {
    let wide = scene(700, 420);
    for picture in [deep(&wide, Space::Rec2020), Picture::from_srgb8(wide)] {
        let proxy = Proxy::new(&picture, None);
        let mut recipe = Recipe::automatic(&proxy);
        for noise_and_more in [false, true] {
            if noise_and_more {
                recipe.set("noise.luminance", "0.5").unwrap();
                recipe.set("stones.clarity", "0.7").unwrap();
                recipe.set("sharpen.everywhere", "on").unwrap();
            }
            let plan = plan(&recipe, &proxy);
            let over = plan.render_over(picture.clone(), &Output::default());
            assert!(over == plan.render(&picture), "{noise_and_more}");
            let side = Output { depth: Depth::Sixteen, side: Some(90) };
            assert_eq!(plan.render_over(picture.clone(), &side), plan.render_to(&picture, &side));
        }
    }
}

#[test]
fn a_choice_reads_and_writes_its_enumeration() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Size {
        Small,
        Large,
    }
    impl Choice for Size {
        const ALL: &'static [(Self, &'static str)] =
            &[(Self::Small, "small"), (Self::Large, "large")];
    }
    let mut size = Size::Small;
    let mut set = controls::Set::new("size", "large");
    choose(&mut set, "size", "Size", &mut size, "How large.");
    assert_eq!((size, set.done), (Size::Large, Some(Ok(()))));
}

#[test]
fn a_local_step_leaves_every_byte_outside_its_region() {
    let text = "version = 2
[[steps]]
op = \"local\"
ev = 1.0
x = 0.3
y = 0.4
width = 0.1
height = 0.1
[[steps]]
op = \"heal\"
strokes = [{ brush = \"clone\", points = [[0.7, 0.7], [0.75, 0.7]], radius = 0.02, offset = [-0.3, 0.0] }]
[[steps]]
op = \"stones\"
clarity = 1.0
facets = 1.0
stones = [{ at = [0.5, 0.5], half = [0.05, 0.05] }]
";
    let recipe = Recipe::parse(text).unwrap();
    let picture = Picture::from_srgb8(scene(400, 300));
    let out = plan(&recipe, &Proxy::new(&picture, None)).render(&picture);
    let (a, b) = (picture.to_srgb8(), out.to_srgb8());
    let mut changed = [0; 3];
    for i in (0..400 * 300).filter(|i| a.data[i * 3..i * 3 + 3] != b.data[i * 3..i * 3 + 3]) {
        let (u, v) = ((i % 400) as f32 / 400.0, (i / 400) as f32 / 300.0);
        let inside = |x: f32, y: f32, r: f32| (u - x).abs() < r && (v - y).abs() < r;
        let which = [inside(0.3, 0.4, 0.11), inside(0.725, 0.7, 0.06), inside(0.5, 0.5, 0.06)];
        let which = which.iter().position(|w| *w).expect("a pixel outside changed");
        changed[which] += 1;
    }
    assert!(changed.iter().all(|n| *n > 20), "{changed:?}");
}

#[test]
fn a_turn_and_a_cut_give_the_right_size_and_content() {
    let picture = Picture::from_srgb8(scene(200, 120));
    let mut recipe = Recipe::default();
    recipe.set("straighten.left", "0.25").unwrap();
    recipe.set("straighten.top", "0.1").unwrap();
    let proxy = Proxy::new(&picture, None);
    let cut = plan(&recipe, &proxy).render(&picture).to_srgb8().into_owned();
    let want = picture.to_srgb8().crop(crate::imaging::Rect::new(50, 12, 150, 108));
    assert!(cut == want);
    // Turned there and back, the middle is where it was.
    recipe.set("straighten.roll", "7").unwrap();
    let turned = plan(&recipe, &proxy).render(&picture);
    let (w, h) = turned.size();
    assert!(w < 150 && h < 108 && w > 90 && h > 60, "{w} {h}");
}

#[test]
fn the_automatic_finish_makes_paper_white_and_leaves_the_metal_its_hue() {
    let before = scene(900, 600);
    let picture = Picture::from_srgb8(before.clone());
    let proxy = Proxy::new(&picture, None);
    let out = plan(&Recipe::automatic(&proxy), &proxy).render(&picture).to_srgb8().into_owned();
    let white = (0..900 * 100).filter(|i| out.data[i * 3..i * 3 + 3] == [255; 3]).count();
    assert!(white as f32 > 0.995 * 90_000.0, "{white}");
    let p = out.at(450, 300);
    assert!(p[0] > p[1] && p[1] > p[2], "{p:?}");
}

#[test]
fn grey_paper_is_made_white_without_pressing_the_lights_of_the_metal_together() {
    let before = Rgb8::from_fn(400, 300, |x, y| {
        let (dx, dy) = (x as i32 - 200, y as i32 - 150);
        match dx * dx + dy * dy < 70 * 70 {
            // Two golds, well exposed, and grey paper.
            true if (x / 20) % 2 == 0 => [228, 190, 110],
            true => [205, 160, 85],
            false => [(192 + (x * 7 + y * 13) % 3) as u8; 3],
        }
    });
    let picture = Picture::from_srgb8(before);
    let proxy = Proxy::new(&picture, None);
    let out = plan(&Recipe::automatic(&proxy), &proxy).render(&picture).to_srgb8().into_owned();
    assert_eq!(out.at(30, 30), [255; 3]);
    let (light, dark) = (out.at(210, 150)[0], out.at(190, 150)[0]);
    assert!(light >= dark + 14 && light < 254, "{light} {dark}");
}

#[test]
fn paper_is_made_white_and_a_rough_wall_is_not() {
    let ring = |x: f32, y: f32| (28.0..40.0).contains(&(x - 200.0).hypot(y - 150.0));
    let set = |wall: bool| {
        Rgb8::from_fn(400, 300, |x, y| {
            let grain = (x * 7 + y * 13) as f32 % 4.0;
            if ring(x as f32, y as f32) {
                return [150, 110, 50];
            }
            // Chips of three pixels, one in every square of forty.
            let chip = wall && x % 40 < 3 && y % 40 < 3;
            [if chip { 120.0 } else { 200.0 } + grain; 3].map(|v| v as u8)
        })
    };
    let mask = Mask::from_fn(400, 300, |x, y| if ring(x as f32, y as f32) { 255 } else { 0 });
    let whitens = |wall: bool| {
        let proxy = Proxy::new(&Picture::from_srgb8(set(wall)), Some(&mask));
        Recipe::automatic(&proxy).steps.iter().any(|s| s.id() == "backdrop")
    };
    assert!(whitens(false), "paper");
    assert!(!whitens(true), "a wall would be left as crumbs on white");
}

/// A gold ring on paper of a colour, given what the paper shows at each place.
fn ring_on(paper: impl Fn(usize, usize) -> [f32; 3]) -> Rgb8 {
    Rgb8::from_fn(400, 300, |x, y| {
        let grain = (x * 7 + y * 13) as f32 % 4.0 * 0.5;
        let p = if is_ring(x, y) { [150.0, 110.0, 50.0] } else { paper(x, y) };
        p.map(|v| (v + grain) as u8)
    })
}

fn is_ring(x: usize, y: usize) -> bool {
    (28.0..40.0).contains(&(x as f32 - 200.0).hypot(y as f32 - 150.0))
}

/// An outline of the ring that took in the paper right of it as well.
fn too_much() -> Mask {
    let paper = |x: usize, y: usize| (235..320).contains(&x) && (120..180).contains(&y);
    Mask::from_fn(400, 300, |x, y| if is_ring(x, y) || paper(x, y) { 255 } else { 0 })
}

fn finished(picture: &Rgb8, mask: Option<&Mask>) -> Rgb8 {
    let picture = Picture::from_srgb8(picture.clone());
    let proxy = Proxy::new(&picture, mask);
    plan(&Recipe::automatic(&proxy), &proxy).render(&picture).to_srgb8().into_owned()
}

#[test]
fn letters_on_a_backdrop_stay_and_dust_goes() {
    // Six letters of seven pixels, two apart, in a line; and three specks of dust.
    let letter = |x: usize, y: usize| {
        let (i, j) = ((x.wrapping_sub(300)) % 9, y.wrapping_sub(250));
        (300..354).contains(&x) && j < 7 && i < 7 && (i == 0 || j == 0 || i + j == 6)
    };
    let dust = [(60, 60), (330, 70), (90, 240)];
    let speck =
        |x: usize, y: usize| dust.iter().any(|d| x.abs_diff(d.0) < 2 && y.abs_diff(d.1) < 2);
    let dark = |x: usize, y: usize| letter(x, y) || speck(x, y);
    let picture = ring_on(|x, y| [if dark(x, y) { 110.0 } else { 200.0 }; 3]);
    let mask = Mask::from_fn(400, 300, |x, y| if is_ring(x, y) { 255 } else { 0 });
    let proxy = Proxy::new(&Picture::from_srgb8(picture), Some(&mask));
    let wanted = Specks { sensitivity: 0.5, ..Specks::default() };
    let gone: Vec<_> = proxy.specks().iter().filter(|s| wanted.removes(s)).collect();
    assert!(gone.iter().all(|s| !s.rect.contains(325, 253) && s.rect.y < 247), "{gone:?}");
    for (x, y) in dust {
        assert!(gone.iter().any(|s| s.rect.contains(x, y)), "dust at {x}, {y}");
    }
}

#[test]
fn paper_that_an_outline_took_in_is_white_like_the_rest_and_no_hot_spot() {
    let out = finished(&ring_on(|_, _| [205.0; 3]), Some(&too_much()));
    let white = |x: usize, y: usize| out.at(x, y) == [255; 3];
    assert!((250..330).all(|x| white(x, 150)), "{:?}", [out.at(260, 150), out.at(315, 150)]);
    assert!((0..300).all(|y| !is_ring(168, y) || !white(168, y)), "the ring is not eaten");
    let picture = Picture::from_srgb8(ring_on(|_, _| [244.0; 3]));
    let mut recipe = Recipe::default();
    recipe.set("glare.strength", "1").unwrap();
    let proxy = Proxy::new(&picture, Some(&too_much()));
    let calmed = plan(&recipe, &proxy).render(&picture);
    assert!(calmed == picture, "paper is no hot spot");
}

#[test]
fn a_soft_shadow_on_white_stays_as_a_retoucher_left_it() {
    let shade = |x: usize, y: usize| {
        let (dx, dy) = (x as f32 - 200.0, y as f32 - 200.0);
        255.0 - 14.0 * (-(dx / 60.0).powi(2) - (dy / 20.0).powi(2)).exp()
    };
    let before = Rgb8::from_fn(400, 300, |x, y| {
        if is_ring(x, y) { [150, 110, 50] } else { [shade(x, y) as u8; 3] }
    });
    let out = finished(&before, None);
    let change = |x: usize, y: usize| before.at(x, y)[1].abs_diff(out.at(x, y)[1]);
    let worst = (120..280).map(|x| change(x, 200)).max();
    // Without care it would be brought halfway to white and further: seven and more.
    assert!(worst <= Some(5), "{worst:?}");
    assert_eq!(out.at(20, 20), [255; 3]);
}

#[test]
fn a_page_that_goes_from_white_to_amber_does_not_set_the_white_balance() {
    let balances = |picture: Rgb8| {
        let proxy = Proxy::new(&Picture::from_srgb8(picture), None);
        Recipe::automatic(&proxy).steps.iter().any(|s| s.id() == "white_balance")
    };
    assert!(balances(ring_on(|_, _| [235.0, 224.0, 200.0])), "one warm light");
    let page = |x: usize, _| [235.0, 226.0 - x as f32 / 40.0, 222.0 - x as f32 / 7.0];
    assert!(!balances(ring_on(page)), "a page");
}
