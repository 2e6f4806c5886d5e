//! One line for each figure: what it is, the bar, what was reached.

/// Which way a figure is better.
pub enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

pub fn section(title: &str) {
    println!("\n{title}");
}

pub fn row(what: &str, bar: Bar, reached: f64) {
    let (word, bound, pass) = match bar {
        Bar::AtLeast(b) => (">=", b, reached >= b),
        Bar::AtMost(b) => ("<=", b, reached <= b),
    };
    let mark = if pass { "pass" } else { "MISS" };
    println!("  {what:<66} {word} {bound:<7} {reached:>9.3}  {mark}");
}

/// A figure without a bar of its own, for comparison.
pub fn note(what: &str, reached: f64) {
    println!("  {what:<66} {:<10} {reached:>9.3}", "");
}
