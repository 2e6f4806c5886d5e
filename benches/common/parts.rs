//! Named parts of a report, all or those that the command line names.

/// A part: its name and what prints its rows.
pub type Part = (&'static str, fn());

/// Runs the parts that were asked for.
pub fn run(parts: &[Part]) {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for (name, run) in parts {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            println!("\n== {name}");
            run();
        }
    }
}
