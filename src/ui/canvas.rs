//! Where a picture is on the screen: fitted, or at a scale and place that are kept between takes.

use egui::emath::GuiRounding as _;
use egui::{Id, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

/// How a picture is zoomed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Zoom {
    /// Screen pixels for a pixel of the picture; none fits all of it.
    pub scale: Option<f32>,
    /// The place in the middle, 0 to 1 of the picture's width and height.
    pub centre: Pos2,
}

impl Default for Zoom {
    fn default() -> Self {
        Self { scale: None, centre: pos2(0.5, 0.5) }
    }
}

/// Air around a fitted picture, points.
const MARGIN: f32 = 14.0;
/// Beyond this nothing more is to be seen.
const LARGEST: f32 = 8.0;

/// An area of the screen and the picture that is shown in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The area, points.
    pub area: Rect,
    /// Size of the whole picture, pixels.
    pub full: Vec2,
    /// Screen pixels a point.
    pub density: f32,
}

impl Place {
    /// The scale at which all of the picture fits, screen pixels a picture pixel.
    fn fitting(&self) -> f32 {
        let room = (self.area.size() - Vec2::splat(2.0 * MARGIN)).max(Vec2::splat(1.0));
        let fit = room / self.full.max(Vec2::splat(1.0));
        fit.x.min(fit.y) * self.density
    }

    /// The rectangle of the whole picture, points; reaches out of the area when zoomed in.
    pub(super) fn rect(&self, zoom: &Zoom) -> Rect {
        let scale = zoom.scale.unwrap_or_else(|| self.fitting()) / self.density;
        let size = self.full * scale;
        let corner = self.area.center() - vec2(zoom.centre.x * size.x, zoom.centre.y * size.y);
        let axis = |low: f32, high: f32, corner: f32, size: f32| {
            if size <= high - low {
                (low + high - size) * 0.5
            } else {
                corner.clamp(high - size, low)
            }
        };
        let min = pos2(
            axis(self.area.min.x, self.area.max.x, corner.x, size.x),
            axis(self.area.min.y, self.area.max.y, corner.y, size.y),
        );
        // On whole screen pixels, so that at 100 % a file's pixel is a screen's pixel.
        Rect::from_min_size(min.round_to_pixels(self.density), size)
    }

    /// Changes the scale; what is under `at` stays there.
    pub(super) fn scale_at(&self, zoom: &mut Zoom, at: Pos2, scale: Option<f32>) {
        let before = self.rect(zoom);
        let place = (at - before.min) / before.size().max(Vec2::splat(1e-3));
        zoom.scale = scale.map(|s| s.min(LARGEST)).filter(|s| *s > self.fitting());
        let size = self.rect(zoom).size();
        let offset = (at - self.area.center()) / size.max(Vec2::splat(1e-3));
        zoom.centre = pos2(place.x - offset.x, place.y - offset.y);
        self.hold(zoom);
    }

    /// Between all of the picture and its own pixels.
    pub(super) fn toggle(&self, zoom: &mut Zoom, at: Pos2) {
        let own = zoom.scale.is_none_or(|s| (s - 1.0).abs() > 0.01);
        // A picture that is fitted larger than its pixels goes to its pixels doubled.
        let scale = if self.fitting() < 1.0 { 1.0 } else { 2.0 * self.fitting() };
        self.scale_at(zoom, at, (own && zoom.scale.is_none()).then_some(scale));
    }

    /// Moves the picture with the hand.
    fn pan(&self, zoom: &mut Zoom, by: Vec2) {
        let size = self.rect(zoom).size().max(Vec2::splat(1e-3));
        zoom.centre -= by / size;
        self.hold(zoom);
    }

    /// Keeps the middle where the picture is actually shown, so that a drag takes hold at once.
    fn hold(&self, zoom: &mut Zoom) {
        let rect = self.rect(zoom);
        let centre = (self.area.center() - rect.min) / rect.size().max(Vec2::splat(1e-3));
        zoom.centre = pos2(centre.x.clamp(0.0, 1.0), centre.y.clamp(0.0, 1.0));
    }

    /// The scale, for people.
    pub(super) fn percent(&self, zoom: &Zoom) -> String {
        match zoom.scale {
            None => format!("fit ({:.0} %)", self.fitting() * 100.0),
            Some(scale) => format!("{:.0} %", scale * 100.0),
        }
    }
}

/// Wheel, drag and double click on the picture. A zoom that was asked for by its key happens at the
/// pointer, or in the middle.
pub(super) fn interact(
    ui: &Ui,
    id: Id,
    name: &str,
    place: &Place,
    zoom: &mut Zoom,
    asked: &mut bool,
) -> Response {
    let response = ui.interact(place.area, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    if place.full.x < 1.0 || place.full.y < 1.0 {
        return response;
    }
    let pointer = ui.ctx().pointer_hover_pos().filter(|p| place.area.contains(*p));
    if *asked && (pointer.is_some() || ui.ctx().pointer_hover_pos().is_none()) {
        place.toggle(zoom, pointer.unwrap_or(place.area.center()));
        *asked = false;
    }
    if response.double_clicked() {
        place.toggle(zoom, response.interact_pointer_pos().unwrap_or(place.area.center()));
    }
    if response.contains_pointer() && response.enabled() {
        let (wheel, pinch) = ui.input(|i| (i.smooth_scroll_delta().y, i.zoom_delta()));
        let factor = pinch * (wheel / 240.0).exp2();
        if factor != 1.0 {
            let scale = zoom.scale.unwrap_or_else(|| place.fitting()) * factor;
            place.scale_at(zoom, pointer.unwrap_or(place.area.center()), Some(scale));
        }
    }
    if response.dragged() && zoom.scale.is_some() {
        place.pan(zoom, response.drag_delta());
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grabbing);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let area = Rect::from_min_size(pos2(100.0, 50.0), vec2(800.0, 600.0));
        Place { area, full: vec2(6000.0, 4000.0), density: 1.0 }
    }

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        let (place, mut zoom) = (place(), Zoom::default());
        let at = pos2(420.0, 310.0);
        let under = |zoom: &Zoom| {
            let rect = place.rect(zoom);
            (at - rect.min) / rect.size()
        };
        let before = under(&zoom);
        for scale in [0.3, 1.0, 2.5, 0.7] {
            place.scale_at(&mut zoom, at, Some(scale));
            assert!((under(&zoom) - before).length() < 2e-3, "{scale}: {:?}", under(&zoom));
        }
    }

    #[test]
    fn a_picture_that_is_larger_than_its_place_always_covers_it() {
        let (place, mut zoom) = (place(), Zoom::default());
        place.toggle(&mut zoom, pos2(101.0, 51.0));
        assert_eq!(zoom.scale, Some(1.0));
        for by in [vec2(9e5, 0.0), vec2(0.0, 9e5), vec2(-9e5, -9e5), vec2(3.0, 1.0)] {
            place.pan(&mut zoom, by);
            assert!(place.rect(&zoom).contains_rect(place.area), "{by}");
        }
        place.toggle(&mut zoom, place.area.center());
        assert_eq!(zoom.scale, None, "and back to all of it");
    }

    #[test]
    fn an_empty_picture_gives_finite_places() {
        let place = Place { full: Vec2::ZERO, ..place() };
        let mut zoom = Zoom::default();
        place.scale_at(&mut zoom, pos2(0.0, 0.0), Some(1.0));
        assert!(zoom.centre.x.is_finite() && place.rect(&zoom).is_finite());
    }
}
