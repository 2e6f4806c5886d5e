//! The dependency direction of `src`, as a table. ARCHITECTURE.md says the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Each module and those it may name with `crate::`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("imaging", &[]),
    ("calibrate", &["imaging"]),
    ("vision", &["imaging"]),
    ("score", &["imaging"]),
    ("retouch", &["imaging"]),
    ("practice", &["imaging"]),
    ("camera", &["imaging"]),
    ("suggest", &["imaging", "score", "retouch"]),
    ("session", &["imaging", "calibrate", "score", "retouch"]),
    ("deliver", &["imaging", "calibrate", "score", "retouch", "session"]),
    (
        "engine",
        &[
            "imaging",
            "calibrate",
            "vision",
            "score",
            "retouch",
            "practice",
            "camera",
            "suggest",
            "session",
            "deliver",
        ],
    ),
];

#[test]
fn modules_import_only_downwards() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let rooms = ["ui", "cli"].into_iter().chain(allowed.keys().copied()).collect::<Vec<_>>();
    let mut faults = Vec::new();
    visit(Path::new("src"), &mut |path, text| {
        let own = path.strip_prefix("src").unwrap().iter().next().unwrap().to_str().unwrap();
        let Some(may) = allowed.get(own.trim_end_matches(".rs")) else { return };
        for (number, line) in text.lines().enumerate() {
            for rest in line.split("crate::").skip(1) {
                let used: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if used != own && rooms.contains(&used.as_str()) && !may.contains(&used.as_str()) {
                    faults.push(format!("{}:{}: may not use {used}", path.display(), number + 1));
                }
            }
        }
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    visit(Path::new("src"), &mut |path, text| {
        assert!(text.starts_with("//!"), "{} does not say what it is for", path.display());
    });
}

fn visit(folder: &Path, f: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, f);
        } else if path.extension().is_some_and(|e| e == "rs") {
            f(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
