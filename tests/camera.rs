//! Cameras through their host: the program itself as `culet camera-host`, with the practice camera
//! behind real libgphoto2 and a preloaded webcam behind real nokhwa.

use crate::proxy::Proxy;
use culet::camera::doctor::Finding;
use culet::camera::{Camera, CameraError, CameraEvent, CameraSpec, LiveFrame, ObjectId};
use culet::engine::Practice;
use culet::engine::host::{Hosted, Launch, look};
use culet::imaging::files::sha256;
use culet::imaging::jpeg;
use parking_lot::{Mutex, MutexGuard};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// One practice camera for all tests, for laying out its set takes seconds; it serves one client
/// at a time.
fn practice() -> MutexGuard<'static, Practice> {
    static PRACTICE: OnceLock<Mutex<Practice>> = OnceLock::new();
    PRACTICE.get_or_init(|| Mutex::new(Practice::start(0).unwrap())).lock()
}

/// A home for libgphoto2's settings, and the program that hosts cameras.
fn launch() -> (TempDir, Launch) {
    let home = tempfile::tempdir().unwrap();
    let launch = Launch::of(env!("CARGO_BIN_EXE_culet")).with("HOME", home.path());
    (home, launch)
}

pub(crate) fn at(port: u16) -> CameraSpec {
    CameraSpec::PtpIp { host: "127.0.0.1".to_owned(), port }
}

fn signal(name: &str, camera: &Hosted) {
    let sent = Command::new("kill").arg(name).arg(camera.process().to_string()).status().unwrap();
    assert!(sent.success());
}

/// Pictures that were announced until the exposure is complete.
fn announced(camera: &mut dyn Camera) -> Vec<ObjectId> {
    let (start, mut ids) = (Instant::now(), Vec::new());
    while start.elapsed() < Duration::from_secs(20) {
        for event in camera.events(Duration::from_millis(200)).unwrap() {
            match event {
                CameraEvent::Added(id) => ids.push(id),
                CameraEvent::Complete if !ids.is_empty() => return ids,
                _ => {}
            }
        }
    }
    ids
}

fn live(camera: &mut dyn Camera) -> (usize, usize) {
    match camera.frame().unwrap() {
        LiveFrame::Jpeg(bytes) => {
            let picture = jpeg::decode(&bytes).unwrap();
            (picture.w, picture.h)
        }
        LiveFrame::Pixels(picture) => (picture.w, picture.h),
    }
}

#[test]
fn a_tethered_session_over_libgphoto2() {
    let practice = practice();
    let (_home, launch) = launch();
    let mut camera = Hosted::start(&at(practice.port), &launch).unwrap();
    assert!(camera.model().contains("Culet Practice"), "{}", camera.model());
    let able = camera.abilities();
    assert!(able.live && able.trigger && able.card, "{able:?}");
    assert!(camera.battery().is_some_and(|p| p > 0), "the practice battery says percent");

    let facts = camera.facts();
    assert!(
        facts.battery.is_some() && facts.card_free_bytes.is_some_and(|b| b > 1 << 30),
        "{facts:?}"
    );
    assert!(facts.card_free_pictures.is_some_and(|n| n > 100), "{facts:?}");
    assert!(facts.clock_ahead_s.is_some(), "{facts:?}");

    let settings = camera.settings().unwrap();
    let get = |name: &str| settings.iter().find(|s| s.name == name).unwrap();
    for name in ["iso", "aperture", "shutter", "white_balance", "quality", "size"] {
        let setting = get(name);
        assert!(setting.choices.contains(&setting.value), "{setting:?}");
        assert!(setting.choices.len() > 1, "{setting:?}");
    }
    assert_eq!(get("capture_target").value, "Memory card", "pictures stay on the card");

    // Written, read back, and seen by the next reading.
    let other = get("iso").choices.iter().find(|c| **c != get("iso").value).unwrap();
    assert_eq!(camera.set("iso", other).as_ref(), Ok(other));
    let again = camera.settings().unwrap();
    assert_eq!(&again.iter().find(|s| s.name == "iso").unwrap().value, other);
    let aperture = get("aperture").value.clone();
    let plain = aperture.trim_start_matches("f/");
    assert_eq!(camera.set("aperture", plain), Ok(aperture.clone()), "people write it without f/");
    for (name, value) in [("iso", "123456"), ("iso", ""), ("horoscope", "Leo")] {
        let refused = camera.set(name, value).unwrap_err();
        assert!(matches!(refused, CameraError::NotOffered(..)), "{name}: {refused}");
    }
    let smallest = get("size").choices.last().unwrap().clone();
    camera.set("size", &smallest).unwrap();

    for _ in 0..10 {
        assert!(live(&mut camera).0 >= 480);
    }
    let before = practice.body.stored().len();
    let mut ids = Vec::new();
    for _ in 0..5 {
        camera.trigger().unwrap();
        ids.extend(announced(&mut camera));
        live(&mut camera);
    }
    practice.body.press_shutter();
    ids.extend(announced(&mut camera));
    assert_eq!(ids.len(), 6, "five from here, one from the body: {ids:?}");
    let stored = practice.body.stored();
    assert_eq!(stored.len(), before + 6);
    for id in &ids {
        let hash = sha256(&camera.fetch(id).unwrap());
        assert!(stored.iter().any(|s| s.name == id.name && s.sha256 == hash), "{id:?}");
    }
    let listed = camera.list().unwrap();
    assert!(ids.iter().all(|id| listed.iter().any(|o| o.id == *id)), "{listed:?}");
    assert!(listed.iter().all(|o| o.bytes.is_some_and(|b| b > 0)), "{listed:?}");

    // To the body's memory: it is announced too, and that it is on no card is known.
    camera.set("capture_target", "Internal RAM").unwrap();
    assert!(!camera.abilities().card);
    for _ in 0..5 {
        camera.trigger().unwrap();
        let in_memory = announced(&mut camera);
        assert_eq!(in_memory.len(), 1, "{in_memory:?}");
        assert!(jpeg::decode(&camera.fetch(&in_memory[0]).unwrap()).is_ok());
    }
    camera.set("capture_target", "Memory card").unwrap();
    assert!(camera.abilities().card);

    let nowhere = ObjectId { folder: ids[0].folder.clone(), name: "NO_SUCH.JPG".to_owned() };
    let refused = camera.fetch(&nowhere).unwrap_err();
    assert!(matches!(refused, CameraError::Refused(..)), "{refused}");
    camera.end_live().unwrap();
    assert!(live(&mut camera).0 >= 480, "it starts again by itself");
}

#[test]
fn a_host_that_dies_is_a_sentence_and_the_camera_can_be_opened_again() {
    let practice = practice();
    let (_home, launch) = launch();
    for (name, words) in [("-KILL", "killed (signal 9)"), ("-SEGV", "crashed (signal 11)")] {
        let mut camera = Hosted::start(&at(practice.port), &launch).unwrap();
        live(&mut camera);
        signal(name, &camera);
        if name == "-SEGV" {
            // Rust's own handler lets the first pass; a bad address would fault again.
            std::thread::sleep(Duration::from_millis(50));
            signal(name, &camera);
        }
        let start = Instant::now();
        let gone = camera.frame().unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert!(
            matches!(gone, CameraError::Gone(..)) && gone.to_string().contains(words),
            "{gone}"
        );
        assert!(matches!(camera.trigger(), Err(CameraError::Gone(..))), "it stays gone");
    }
    let mut camera = Hosted::start(&at(practice.port), &launch).unwrap();
    live(&mut camera);
}

#[test]
fn a_host_that_hangs_is_noticed_after_five_seconds_and_slows_no_other() {
    let practice = practice();
    let (_home, launch) = launch();
    let mut camera = Hosted::start(&at(practice.port), &launch).unwrap();
    live(&mut camera);
    let process = camera.process();
    signal("-STOP", &camera);
    let start = Instant::now();
    let waiting = culet::engine::thread::spawn("test-waits", move || {
        let gone = camera.frame().unwrap_err();
        let took = start.elapsed().as_secs_f32();
        assert!(matches!(gone, CameraError::Gone(..)), "{gone}");
        assert!((4.9..6.5).contains(&took), "{took} s");
    })
    .unwrap();
    #[cfg(target_os = "linux")]
    if let Some(shim) = webcam::shim() {
        let (_frames, launch) = webcam::bars(&shim);
        let mut other = Hosted::start(&CameraSpec::Webcam(0), &launch).unwrap();
        let slowest = (0..30).map(|_| {
            let asked = Instant::now();
            live(&mut other);
            asked.elapsed()
        });
        let slowest = slowest.max().unwrap();
        assert!(slowest < Duration::from_secs(1), "the other host took {slowest:?}");
    }
    drop(waiting);
    let found = Command::new("kill").args(["-0", &process.to_string()]).output().unwrap();
    assert!(!found.status.success(), "the stopped host was killed and reaped");
    live(&mut Hosted::start(&at(practice.port), &launch).unwrap());
}

#[test]
fn a_pulled_cable_is_noticed_at_once() {
    let practice = practice();
    let proxy = Proxy::to(practice.port);
    let (_home, launch) = launch();
    let mut camera = Hosted::start(&at(proxy.port), &launch).unwrap();
    live(&mut camera);
    proxy.cut();
    let start = Instant::now();
    let gone = loop {
        if let Err(e) = camera.frame() {
            break e;
        }
    };
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(matches!(gone, CameraError::Gone(..)), "{gone}");
    drop(camera);
    let mut again = Hosted::start(&at(proxy.port), &launch).unwrap();
    live(&mut again);
}

#[test]
fn a_look_at_what_is_attached_is_a_process_of_its_own() {
    let (_home, launch) = launch();
    let (found, findings) = look(&launch).unwrap();
    let library = findings.iter().find(|f| matches!(f, Finding::Library(_))).unwrap();
    assert!(library.good(), "{library}");
    assert!(
        findings.len() > found.iter().filter(|f| !matches!(f.spec, CameraSpec::Webcam(_))).count()
    );
    assert!(findings.iter().all(|f| f.good() != f.advice().is_some()), "{findings:?}");
}

#[test]
fn nobody_there_is_a_sentence_with_the_drivers_words() {
    let (_home, launch) = launch();
    let absent = Hosted::start(&at(9), &launch).err().unwrap();
    assert!(matches!(absent, CameraError::Absent(..)), "{absent}");
    let text = absent.to_string();
    assert!(text.contains("127.0.0.1") && text.to_lowercase().contains("refused"), "{text}");
}

/// libgphoto2's own virtual camera, a body without live view that nobody here wrote. It is in the
/// Python package of gphoto2, which is fetched and run like this:
///
/// ```sh
/// pip download gphoto2 --no-deps --only-binary :all: -d /tmp/wheel
/// unzip -q /tmp/wheel/gphoto2-*.whl -d /tmp/wheel
/// CULET_VUSB=/tmp/wheel/gphoto2/libgphoto2/vusb cargo test --test it virtual
/// ```
#[test]
fn the_virtual_camera_of_libgphoto2_is_tethered() {
    let Some(driver) = std::env::var_os("CULET_VUSB") else {
        println!("skipped: CULET_VUSB does not name the folder of vusb.so");
        return;
    };
    let (home, launch) = launch();
    let card = home.path().join("card/DCIM/100NIKON");
    std::fs::create_dir_all(&card).unwrap();
    let picture =
        jpeg::encode(&culet::imaging::Rgb8::from_fn(64, 48, |x, y| [x as u8, y as u8, 7]), 90);
    let picture = picture.unwrap();
    culet::imaging::files::write_atomic(&card.join("DSC_0001.JPG"), &picture).unwrap();
    let launch = launch.with("IOLIBS", driver).with("VCAMERADIR", home.path().join("card"));

    let (found, findings) = look(&launch).unwrap();
    assert_eq!(found.len(), 1, "{findings:?}");
    assert_eq!(found[0].model, "Nikon DSC D750");
    let mut camera = Hosted::start(&found[0].spec, &launch).unwrap();
    let able = camera.abilities();
    assert!(able.trigger && able.card && !able.live, "{able:?}");
    assert!(matches!(camera.frame(), Err(CameraError::Cannot(_))));
    assert_eq!(camera.set("aperture", "f/8").as_deref(), Ok("f/8"));
    assert_eq!(camera.battery(), Some(50));
    let listed = camera.list().unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(camera.fetch(&listed[0].id).unwrap() == picture);
    // It takes its pictures by copying the one on its card.
    camera.trigger().unwrap();
    let ids = announced(&mut camera);
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert!(camera.fetch(&ids[0]).unwrap() == picture);
    assert!(camera.serial().is_some_and(|s| !s.is_empty()), "a body is known by its serial number");
    let facts = camera.facts();
    assert!(facts.battery == Some(50) && facts.card_free_bytes.is_some(), "{facts:?}");
}

/// A real Canon that was recorded on the bus, played back to real libgphoto2. The recording answers only the
/// calls that were made then, so that it is listed here and nothing more.
#[test]
fn the_recorded_canon_is_listed() {
    let recorded = crate::hostile_files::data().map(|d| d.join("cameras/umockdev-sx200"));
    let Some(folder) = recorded.filter(|f| f.is_dir()) else {
        println!("skipped: no ../shared/data/cameras/umockdev-sx200");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let play = "/dev/bus/usb/001/011=canon-powershot-sx200.ioctl";
    let out = Command::new("umockdev-run")
        .args(["-d", "canon-powershot-sx200.umockdev", "-i", play, "--"])
        .args([env!("CARGO_BIN_EXE_culet"), "cameras", "--json"])
        .current_dir(folder)
        .env("HOME", home.path())
        .output();
    let Ok(out) = out else {
        println!("skipped: umockdev-run is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success() && text.contains("Canon PowerShot SX200 IS@usb:001,011"),
        "{out:?}"
    );
}

#[cfg(all(target_os = "linux", feature = "webcam"))]
pub(crate) mod webcam {
    use super::*;
    use culet::imaging::Rgb8;
    use culet::imaging::files::write_atomic;
    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::Stdio;

    /// The preloaded webcam, compiled once; none where there is no C compiler.
    pub(crate) fn shim() -> Option<PathBuf> {
        static SHIM: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
        let built = SHIM.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let library = folder.path().join("shim.so");
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webcam_shim.c");
            let cc = Command::new("cc")
                .args(["-shared", "-fPIC", "-O1", "-w", "-o"])
                .args([&library, &source])
                .arg("-ldl")
                .status();
            match cc {
                Ok(status) if status.success() => Some((folder, library)),
                other => {
                    println!("skipped: the webcam shim was not compiled ({other:?})");
                    None
                }
            }
        });
        built.as_ref().map(|(_, library)| library.clone())
    }

    fn preloaded(shim: &Path) -> (TempDir, Launch) {
        let (home, launch) = launch();
        (home, launch.with("LD_PRELOAD", shim))
    }

    /// A webcam that sends YUYV colour bars.
    pub(super) fn bars(shim: &Path) -> (TempDir, Launch) {
        preloaded(shim)
    }

    /// A webcam that sends twelve JPEGs in turn: the seventh is sharp, the others are not.
    fn pictures(shim: &Path) -> (TempDir, Launch, Vec<u8>) {
        let (folder, launch) = preloaded(shim);
        let mut sharp = Vec::new();
        for i in 0..12_usize {
            let contrast = if i == 6 { 100.0 } else { 30.0 };
            let picture = Rgb8::from_fn(640, 480, |x, y| {
                let wave = (x as f32 * 0.7 + i as f32).sin() * (y as f32 * 0.7).sin();
                [128, (128.0 + contrast * wave) as u8, (i * 20) as u8]
            });
            let bytes = jpeg::encode(&picture, 90).unwrap();
            write_atomic(&folder.path().join(format!("f{i:02}.jpg")), &bytes).unwrap();
            if i == 6 {
                sharp = bytes;
            }
        }
        let launch = launch.with("SHIM_FRAMES", folder.path());
        (folder, launch, sharp)
    }

    #[test]
    fn a_capture_is_the_sharpest_of_the_last_frames() {
        let Some(shim) = shim() else { return };
        let (_folder, launch, sharp) = pictures(&shim);
        let mut camera = Hosted::start(&CameraSpec::Webcam(0), &launch).unwrap();
        assert_eq!(camera.model(), "Culet Test Webcam");
        let able = camera.abilities();
        assert!(able.live && able.trigger && !able.card, "its memory is its only store");
        let start = Instant::now();
        // As long as the sharp one is among the last six, it is taken.
        while !matches!(camera.frame().unwrap(), LiveFrame::Jpeg(frame) if frame == sharp) {}
        camera.trigger().unwrap();
        let ids = announced(&mut camera);
        assert_eq!(ids.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["WEBCAM_0001.JPG"]);
        assert!(camera.fetch(&ids[0]).unwrap() == sharp, "the frame's own bytes");
        assert!(start.elapsed() < Duration::from_secs(5));
        for _ in 0..30 {
            assert_eq!(live(&mut camera), (640, 480));
        }
    }

    #[test]
    fn yuyv_comes_as_the_colours_that_were_sent() {
        let Some(shim) = shim() else { return };
        let (_folder, launch) = bars(&shim);
        let mut camera = Hosted::start(&CameraSpec::Webcam(0), &launch).unwrap();
        let LiveFrame::Pixels(frame) = camera.frame().unwrap() else { panic!("pixels") };
        assert_eq!((frame.w, frame.h), (640, 480));
        let want = [[255, 255, 255], [255, 255, 0], [0, 255, 255], [0, 255, 0], [255, 0, 255]];
        for (i, want) in want.into_iter().enumerate() {
            let got = frame.at(40 + 80 * i, 240);
            assert!((0..3).all(|c| got[c].abs_diff(want[c]) <= 1), "{got:?}, not {want:?}");
        }
        camera.trigger().unwrap();
        let ids = announced(&mut camera);
        let picture = jpeg::decode(&camera.fetch(&ids[0]).unwrap()).unwrap();
        assert_eq!((picture.w, picture.h), (640, 480));
    }

    #[test]
    fn an_unplugged_webcam_is_gone_at_once() {
        let Some(shim) = shim() else { return };
        let (_folder, launch) = bars(&shim);
        let launch = launch.with("SHIM_UNPLUG", "20");
        let mut camera = Hosted::start(&CameraSpec::Webcam(0), &launch).unwrap();
        let start = Instant::now();
        let gone = loop {
            if let Err(e) = camera.frame() {
                break e;
            }
        };
        assert!(start.elapsed() < Duration::from_secs(3));
        assert!(matches!(gone, CameraError::Gone(..)), "{gone}");
        assert!(gone.to_string().contains("No such device"), "{gone}");
    }

    #[test]
    fn a_frozen_webcam_is_gone_after_five_seconds() {
        let Some(shim) = shim() else { return };
        let (_folder, launch) = bars(&shim);
        let launch = launch.with("SHIM_FREEZE", "3");
        let mut camera = Hosted::start(&CameraSpec::Webcam(0), &launch).unwrap();
        let mut asked = Instant::now();
        let gone = loop {
            match camera.frame() {
                Ok(_) => asked = Instant::now(),
                Err(e) => break e,
            }
        };
        let took = asked.elapsed().as_secs_f32();
        assert!(
            matches!(gone, CameraError::Gone(..)) && (4.9..6.5).contains(&took),
            "{took}: {gone}"
        );
    }

    #[test]
    fn a_host_ends_with_its_studio_even_while_its_driver_hangs() {
        use culet::camera::wire::{Ask, Tell, read, write};
        let Some(shim) = shim() else { return };
        let mut host = Command::new(env!("CARGO_BIN_EXE_culet"))
            .args(["camera-host", "--camera", "webcam:0"])
            .env("LD_PRELOAD", shim)
            .env("SHIM_FREEZE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = host.stdout.take().unwrap();
        let mut stdin = host.stdin.take().unwrap();
        while !matches!(read::<Tell>(&mut out).unwrap().unwrap().0, Tell::Opened { .. }) {}
        write(&mut stdin, &Ask::Frame, &[]).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        stdin.flush().unwrap();
        drop(stdin);
        let start = Instant::now();
        let status = host.wait().unwrap();
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
        assert_eq!(status.code(), Some(2), "it says that the driver hung");
    }
}

#[cfg(all(target_os = "linux", not(feature = "webcam")))]
mod webcam {
    pub(super) fn shim() -> Option<std::path::PathBuf> {
        None
    }
    pub(super) fn bars(_: &std::path::Path) -> (tempfile::TempDir, super::Launch) {
        super::launch()
    }
}
