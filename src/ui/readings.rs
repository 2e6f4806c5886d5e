//! The panel at the right: histogram, exposure, meters with their reasons, and what became of the
//! newest take.

use super::app::App;
use super::commands::Action;
use super::model::{Finish, Guides, View};
use super::widgets::{self, command_button, heading, line, meter, signed};
use super::{cell, histogram, scores, theme};
use crate::engine::contract::Take;
use crate::imaging::Rect as Region;
use crate::score::Score;
use egui::{Align2, FontId, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

/// While framing.
pub(super) fn live(app: &mut App, ui: &mut Ui) {
    histogram::show(ui, app.live.histogram.as_deref());
    looks(app, ui);
    let score = app.live.score.clone();
    exposure(ui, score.as_deref().map(scores::exposure_ev));
    app.pointed = None;
    if app.live.drift.as_ref().is_some_and(|d| d.alarm) {
        super::calibrate::light(app, ui);
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        match &score {
            Some(score) => app.pointed = meters(app, ui, score, true),
            None => hint(ui, "Readings appear with live view."),
        }
        super::suggested::show(app, ui);
        newest(app, ui);
    });
}

/// Of a take.
pub(super) fn take(app: &mut App, ui: &mut Ui) {
    ways(app, ui);
    let key =
        app.model.take().map(|t| (t.id, t.recipe.is_some() && app.finish() != Finish::Before));
    let counted = key
        .and_then(|k| app.pictures.histogram(k).or_else(|| app.pictures.histogram((k.0, false))));
    histogram::show(ui, counted.as_deref());
    looks(app, ui);
    app.pointed = None;
    let Some(take) = app.model.take().cloned() else {
        return hint(ui, "Scores of the selected take appear here.");
    };
    exposure(ui, take.score.as_deref().map(scores::exposure_ev));
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        summary(app, ui, &take);
        match &take.score {
            Some(score) => app.pointed = meters(app, ui, score, false),
            None if take.trouble.is_some() => {}
            None => hint(ui, "The score is pending."),
        }
        actions(app, ui, &take);
    });
}

/// Switches for what lies over the picture, for those who do not know the keys yet.
pub(super) fn looks(app: &mut App, ui: &mut Ui) {
    let look = app.model.look;
    let finish = if app.model.view == View::Live { look.live_finish } else { look.finish };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding = vec2(5.0, 2.0);
        ui.horizontal(|ui| {
            for (text, on, action) in [
                ("Finish", finish == Finish::After, Action::BeforeAfter),
                ("Split", finish == Finish::Split, Action::Split),
                ("Clip", look.clipping, Action::Clipping),
                ("Zebra", look.zebra, Action::Zebra),
                ("Peak", look.peaking, Action::Peaking),
                ("Guides", look.guides != Guides::Off, Action::Guides),
            ] {
                if command_button(ui, text, on, action) {
                    app.perform(ui.ctx(), action);
                }
            }
        });
    });
}

/// One, all, or the selected takes.
fn ways(app: &mut App, ui: &mut Ui) {
    if !matches!(app.model.view, View::Loupe | View::Grid | View::Survey) {
        return;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (text, view) in [("Loupe", View::Loupe), ("Grid", View::Grid), ("Survey", View::Survey)]
        {
            if command_button(ui, text, app.model.view == view, Action::Show(view)) {
                app.perform(ui.ctx(), Action::Show(view));
            }
        }
    });
}

fn hint(ui: &mut Ui, text: &str) {
    ui.add_space(6.0);
    ui.label(RichText::new(text).color(theme::WEAK));
}

/// Every meter; gives the region that the one under the pointer speaks of.
fn meters(app: &mut App, ui: &mut Ui, score: &Score, live: bool) -> Option<Region> {
    let mut pointed = None;
    for (name, reading) in scores::meters(score) {
        let peak = if live { app.live.peak(name) } else { None };
        let response = meter(ui, name, reading, peak);
        if response.hovered() {
            pointed = scores::region(reading);
        }
        if live && response.clicked() {
            app.live.reset_peaks();
        }
    }
    pointed
}

/// Stops from the aim, to be read at a distance.
fn exposure(ui: &mut Ui, ev: Option<f32>) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::hover());
    let ev = ev.filter(|e| e.is_finite());
    let text = ev.map_or("\u{2013}".to_owned(), |e| format!("{e:+.1} EV").replace('-', "\u{2212}"));
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Meter, true, format!("Exposure {text}"))
    });
    let painter = ui.painter();
    let off = ev.map_or(0.0, f32::abs);
    let colour = match off {
        _ if ev.is_none() => theme::WEAK,
        o if o <= 0.34 => theme::GOOD,
        o if o <= 1.0 => theme::STRONG,
        _ => theme::WARN,
    };
    painter.text(rect.left_center(), Align2::LEFT_CENTER, text, FontId::proportional(26.0), colour);
    let scale = egui::Rect::from_min_max(
        pos2(rect.left() + 118.0, rect.top() + 8.0),
        rect.max - vec2(8.0, 8.0),
    );
    let x = |stops: f32| scale.left() + scale.width() * (stops.clamp(-2.0, 2.0) + 2.0) / 4.0;
    for sixth in -6..=6_i32 {
        let stops = sixth as f32 / 3.0;
        let tall = if sixth % 3 == 0 { 9.0 } else { 5.0 };
        painter.vline(x(stops), scale.top()..=scale.top() + tall, Stroke::new(1.0, theme::METER));
    }
    for whole in [-2, -1, 0, 1, 2] {
        let at = pos2(x(whole as f32), scale.bottom());
        let text =
            if whole == 0 { "0".to_owned() } else { format!("{whole:+}").replace('-', "\u{2212}") };
        painter.text(at, Align2::CENTER_BOTTOM, text, FontId::proportional(10.5), theme::WEAK);
    }
    if let Some(ev) = ev {
        let needle = egui::Rect::from_center_size(pos2(x(ev), scale.top() + 6.0), vec2(4.0, 16.0));
        painter.rect_filled(needle, 1.0, colour);
    }
    response.on_hover_text(
        "The backdrop's brightness against the light backdrop that is aimed at, in stops",
    );
}

/// The newest take, while framing: why it is better or worse than the one before.
fn newest(app: &mut App, ui: &mut Ui) {
    let mut last = app.model.takes.values().rev();
    let Some(take) = last.next().cloned() else { return };
    let before = last.next().and_then(|t| t.score.clone());
    heading(ui, "Newest take");
    ui.horizontal(|ui| {
        line(ui, &take.name, theme::STRONG);
    });
    match (&take.score, before) {
        (None, _) => hint(ui, take.trouble.as_deref().unwrap_or("Its score is pending.")),
        (Some(score), before) => {
            let change = before.as_ref().map(|b| (score.overall - b.overall) * 100.0);
            let change =
                change.map_or(String::new(), |c| format!(", {} against the one before", signed(c)));
            ui.label(format!("{:.0} of 100{change}", score.overall * 100.0));
            if let Some(why) = before.as_ref().and_then(|b| reason(score, b)) {
                ui.label(RichText::new(why).color(theme::TEXT));
            }
        }
    }
}

/// The meter that changed most, with its sentence.
fn reason(score: &Score, before: &Score) -> Option<String> {
    let old = scores::meters(before);
    let changes = scores::meters(score).into_iter().filter_map(|(name, reading)| {
        let (_, was) = old.iter().find(|(n, _)| *n == name)?;
        Some((name, reading, reading.value - was.value))
    });
    let (name, reading, by) = changes.max_by(|a, b| a.2.abs().total_cmp(&b.2.abs()))?;
    (by.abs() >= 0.01).then(|| format!("{name} {}: {}", signed(by * 100.0), reading.because))
}

/// Overall, group and safety.
fn summary(app: &mut App, ui: &mut Ui, take: &Take) {
    ui.horizontal(|ui| {
        let overall = take
            .score
            .as_ref()
            .map_or("pending".to_owned(), |s| format!("{:.0}", s.overall * 100.0));
        ui.label(RichText::new(overall).size(22.0).color(theme::STRONG));
        if take.best {
            ui.label(RichText::new("best of its group").color(theme::GOOD));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.allocate_ui_with_layout(
                vec2(100.0, 22.0),
                egui::Layout::left_to_right(egui::Align::Center),
                |ui| {
                    if let Some(stars) = widgets::star_row(ui, take.rating, "Stars") {
                        app.model.rate(stars, true);
                    }
                },
            );
        });
    });
    let weak = |ui: &mut Ui, text: String| {
        if !text.is_empty() {
            ui.label(RichText::new(text).size(11.5).color(theme::WEAK));
        }
    };
    weak(ui, exposed(take));
    if let Some(set) = take.kind.set() {
        weak(ui, format!("One of a {set} series, which stays whole."));
    }
    if let Some(trouble) = &take.trouble {
        ui.label(RichText::new(trouble).color(theme::BAD));
    }
    if let Some((text, colour)) = take.score.as_deref().and_then(scores::verdict) {
        ui.add(egui::Label::new(RichText::new(text).color(colour)).wrap());
    }
}

/// Shutter, f-number, ISO, as far as the camera said; and whether a raw file lies beside it.
fn exposed(take: &Take) -> String {
    let facts = &take.facts;
    let shutter = facts.exposure_s.filter(|t| *t > 0.0).map(|t| match t {
        t if t < 0.3 => format!("1/{:.0} s", 1.0 / t),
        t => format!("{t:.1} s"),
    });
    let aperture = facts.aperture.map(|f| format!("f/{f}"));
    let iso = facts.iso.map(|iso| format!("ISO {iso:.0}"));
    let raw = take.companion.as_ref().map(|_| "with raw file".to_owned());
    [shutter, aperture, iso, raw].into_iter().flatten().collect::<Vec<_>>().join("   ")
}

fn actions(app: &mut App, ui: &mut Ui, take: &Take) {
    ui.add_space(6.0);
    ui.horizontal_wrapped(|ui| {
        let flag = take.flag;
        for (text, on, action) in [
            ("Pick", flag == crate::session::Flag::Pick, Action::Pick),
            ("Reject", flag == crate::session::Flag::Reject, Action::Reject),
            ("Retouch", false, Action::Retouch),
            ("Export \u{2026}", false, Action::Export),
        ] {
            if command_button(ui, text, on, action) {
                app.perform(ui.ctx(), action);
            }
        }
    });
    ui.add_space(4.0);
    ui.label(RichText::new(cell::safety(take.safety)).size(11.5).color(theme::WEAK));
}
