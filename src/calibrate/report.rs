//! A page with the card patch by patch: what it should be, what was read, and what came out.

use super::calibration::{Calibration, PatchResidual};
use crate::imaging::colour::{self, Lab};
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;\
background:#777;color:#fff}table{border-collapse:collapse}td,th{padding:.3em .7em;text-align:left}\
.chart{display:grid;grid-template-columns:repeat(6,1fr);gap:8px;margin:1.5em 0}\
.patch{background:#222;padding:6px;font-size:12px}.swatch{display:flex;height:64px}\
.swatch div{flex:1}.off{color:#fc6}";

/// The page, complete in itself (HTML 5, no scripts, nothing fetched).
pub fn html(calibration: &Calibration) -> String {
    let mut page = String::new();
    let title = escape(&calibration.summary());
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style><h1>Calibration</h1><p>{title}</p>{}",
        facts(calibration)
    );
    page.push_str(
        "<p>Each patch: reference, after calibration, before it (white balance only).</p>",
    );
    page.push_str("<div class=\"chart\">");
    for patch in &calibration.patches {
        page.push_str(&square(patch));
    }
    page.push_str("</div>");
    for warning in &calibration.warnings {
        let _ = write!(page, "<p class=\"off\">{}</p>", escape(warning));
    }
    page.push_str("</html>\n");
    page
}

fn facts(c: &Calibration) -> String {
    let d = &c.delta_e_2000;
    let [r, g, b] = c.gains;
    let rows = [
        ("Card", escape(&c.card)),
        ("Camera", escape(&c.camera)),
        ("Lens", escape(&c.lens)),
        ("Light", escape(&c.light.name)),
        ("Method", format!("{:?}", c.method)),
        ("White balance", format!("{r:.3} {g:.3} {b:.3}")),
        ("Exposure", format!("{:+.2} EV against the card", c.exposure_ev)),
        ("Unevenness", format!("{:.2} EV over the card", c.unevenness_ev)),
        ("ΔE2000 before", format!("{:.2} mean, {:.2} worst", d.before.mean, d.before.max)),
        (
            "ΔE2000 after",
            format!("{:.2} mean, {:.2} 90 %, {:.2} worst", d.after.mean, d.after.p90, d.after.max),
        ),
        ("Colours not on the card", format!("{:.2} expected", d.leave_one_out)),
    ];
    let mut table = "<table>".to_owned();
    for (what, value) in rows.iter().filter(|r| !r.1.is_empty()) {
        let _ = write!(table, "<tr><th>{what}<td>{value}");
    }
    table + "</table>"
}

fn square(patch: &PatchResidual) -> String {
    let swatch = |lab: Lab| {
        let [r, g, b] = colour::lab_to_linear_srgb(lab).map(colour::srgb_encode8);
        format!("<div style=\"background:#{r:02x}{g:02x}{b:02x}\"></div>")
    };
    let class = if patch.after > 5.0 || !patch.used { " class=\"off\"" } else { "" };
    let left_out = if patch.used { "" } else { " (left out)" };
    format!(
        "<div class=\"patch\"><div class=\"swatch\">{}{}{}</div>{}<br><span{class}>{:.1} → {:.1}{left_out}</span></div>",
        swatch(patch.reference_lab),
        swatch(patch.after_lab),
        swatch(patch.before_lab),
        escape(&patch.name),
        patch.before,
        patch.after
    )
}

fn escape(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::fitted;
    use super::*;

    #[test]
    fn every_patch_is_on_the_page_and_names_are_escaped() {
        let mut c = fitted();
        c.light.name = "<script>lamp</script>".to_owned();
        let page = html(&c);
        assert_eq!(page.matches("class=\"patch\"").count(), 24);
        assert!(page.contains("dark skin") && page.contains("&lt;script&gt;"));
        assert!(!page.contains("<script"));
        // The reference of dark skin, as published in sRGB (115.7, 79.3, 65.0).
        assert!(page.contains("#744f41"), "{}", &page[..2000]);
    }
}
