//! What does not belong into a product picture: hands, and the black bars of a screenshot.

use super::components::{Component, find};
use super::stats::{median, quantile};
use super::view::{Proxy, View};
use crate::imaging::{Rect, Rgb8};

/// Areas under this share of the frame are too small to be told for a finger's.
const FINGER: f32 = 0.018;

/// Skin that comes in from outside the frame: its share of the frame, and the place of its largest area.
///
/// Skin of every tone lies in a narrow range of hue and of moderate saturation, and is smooth; gold is
/// more saturated, and polished. Dark skin is more saturated than fair skin: wood is not. `within` is
/// what is left of the frame between black bars, in working pixels.
pub(super) fn hand(view: &View, within: Option<Rect>) -> Option<(f32, Rect)> {
    let proxy = &view.proxy;
    let skin: Vec<bool> = proxy.encoded.iter().map(|&p| is_skin(p)).collect();
    let whole = Rect::new(0, 0, proxy.w, proxy.h);
    let s = proxy.step;
    let frame = within.map_or(whole, |r| {
        let (x, y) = (r.x.div_ceil(s) + 1, r.y.div_ceil(s) + 1);
        let (right, bottom) =
            ((r.right() / s).saturating_sub(1), (r.bottom() / s).saturating_sub(1));
        Rect::new(x, y, right.saturating_sub(x), bottom.saturating_sub(y)).intersection(&whole)
    });
    let smooth = |x: usize, y: usize| skin[y * proxy.w + x] && step(proxy, x, y) < 14.0;
    let frame_area = frame.area().max(1) as f32;
    let areas = find(frame, smooth);
    let large = areas.iter().take_while(|c| c.area as f32 > FINGER * frame_area);
    let hands: Vec<&Component> = large.filter(|c| is_hand(proxy, frame, c)).collect();
    let r = hands.first()?.rect;
    let share = hands.iter().map(|c| c.area).sum::<usize>() as f32 / frame_area;
    Some((share, view.outward(Rect::new(r.x * s, r.y * s, r.w * s, r.h * s))))
}

/// Whether an area of skin's colour may be a finger, a hand or an arm.
fn is_hand(proxy: &Proxy, frame: Rect, area: &Component) -> bool {
    let r = area.rect;
    let inner =
        r.x > frame.x && r.y > frame.y && r.right() < frame.right() && r.bottom() < frame.bottom();
    // A wooden ground is as brown, and fills the frame from side to side.
    let ground = r.w == frame.w && r.h == frame.h;
    // Fingers are compact areas; wood and cloth of their colour lie about in patches.
    let compact = area.area as f32 > 0.4 * r.area() as f32;
    if inner || ground || !compact {
        return false;
    }
    let pixels = || {
        let row =
            |&(y, a, b): &(usize, usize, usize)| &proxy.encoded[y * proxy.w + a..y * proxy.w + b];
        area.runs.iter().flat_map(row)
    };
    let middle = |of: fn(&[f32; 3]) -> f32| median(&mut pixels().map(of).collect::<Vec<_>>());
    let hue = middle(|&[r, g, b]| 60.0 * (g - b) / (r - b).max(1.0));
    let saturation = middle(|&[r, _, b]| (r - b) / r.max(1.0));
    let bright = middle(|p| p[0]);
    // Paper that leans to pink is brighter than skin ever is beside it, and paler.
    let skin = hue < 25.0 && saturation >= 0.25 && bright < 238.0;
    let wood = bright < 93.0 && saturation < 0.37 - 0.0057 * (bright - 72.0);
    skin && !wood
}

/// Encoded red, green, blue 0..255.
fn is_skin([r, g, b]: [f32; 3]) -> bool {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    if high < 45.0 || r < g || g < b || high - low < 14.0 {
        return false;
    }
    let saturation = (high - low) / high;
    // Of the hue circle: 0 is red, 60 is yellow.
    let hue = 60.0 * (g - b) / (high - low);
    (6.0..29.0).contains(&hue) && (0.16..0.62).contains(&saturation)
}

/// The largest step of green to the right and down.
fn step(proxy: &Proxy, x: usize, y: usize) -> f32 {
    let i = y * proxy.w + x;
    let right = if x + 1 < proxy.w { proxy.encoded[i + 1][1] } else { proxy.encoded[i][1] };
    let down = if y + 1 < proxy.h { proxy.encoded[i + proxy.w][1] } else { proxy.encoded[i][1] };
    (right - proxy.encoded[i][1]).abs().max((down - proxy.encoded[i][1]).abs())
}

/// What a lit pixel reaches in its brightest channel.
const LIT: u8 = 26;

/// What is left between black bars, in working pixels. A bar is a band of black along a whole side
/// that ends in one straight line; a black backdrop has no such line.
pub(super) fn inside_bars(view: &View, rgb: &Rgb8) -> Option<Rect> {
    let (w, h) = (view.tone.w, view.tone.h);
    let lit = |x: usize, y: usize| {
        let i = (y * rgb.w + x) * 3;
        rgb.data[i..i + 3].iter().any(|v| *v >= LIT)
    };
    let row =
        |y: usize| (0..w).step_by(3).filter(|&x| lit(x, y)).count() as f32 / w.div_ceil(3) as f32;
    let (top, bottom) = (bar(h, row), bar(h, |y| row(h - 1 - y)));
    let (y0, y1) = (top.unwrap_or(0), h - bottom.unwrap_or(0));
    if y1 <= y0 + 8 {
        return None;
    }
    let looked = (y1 - y0).div_ceil(3) as f32;
    let column = |x: usize| (y0..y1).step_by(3).filter(|&y| lit(x, y)).count() as f32 / looked;
    let (left, right) = (bar(w, column), bar(w, |x| column(w - 1 - x)));
    let sides = [top, bottom, left, right].iter().flatten().count();
    let (x0, x1) = (left.unwrap_or(0), w - right.unwrap_or(0));
    // One bar may be a dark table's edge; two are no accident.
    (sides >= 2 && x1 > x0).then(|| Rect::new(x0, y0, x1 - x0, y1 - y0))
}

/// Width of the bar at the start of a profile of lit shares, which is asked for line by line: most pictures
/// are lit in the first. Words and buttons may be lit in a bar; where it ends the share jumps within three
/// lines, and stays.
fn bar(n: usize, at: impl Fn(usize) -> f32) -> Option<usize> {
    let mut before = Vec::new();
    let first = (0..=n * 2 / 5).filter(|&i| i < n).find(|&i| {
        let lit = at(i);
        before.push(lit);
        lit > 0.45
    })?;
    if first < n / 40 + 2 {
        return None;
    }
    let jump = before[first.saturating_sub(3)] < 0.3;
    before.truncate(first - 1);
    let dark = quantile(&mut before, 0.7) < 0.1 && quantile(&mut before, 0.95) < 0.35;
    let after = (first + 2..(first + 12).min(n)).all(|i| at(i) > 0.35);
    (dark && jump && after).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(picture: &Rgb8) -> Option<Rect> {
        let mut view = View::default();
        view.load(picture, 1536, true);
        inside_bars(&view, view.rgb(picture))
    }

    #[test]
    fn bars_are_bars_and_a_black_backdrop_is_not() {
        let grey = |x: usize, y: usize| [120 + (x % 40) as u8, 110 + (y % 50) as u8, 100];
        let bars = Rgb8::from_fn(300, 600, |x, y| {
            // Two lines of words in the upper bar.
            let words = (20..26).contains(&y) && x % 9 < 2;
            if (90..480).contains(&y) {
                grey(x, y)
            } else if words {
                [250; 3]
            } else {
                [0; 3]
            }
        });
        assert_eq!(judged(&bars), Some(Rect::new(0, 90, 300, 390)));
        let ring = Rgb8::from_fn(600, 400, |x, y| {
            let r = (x as f32 - 300.0).hypot(y as f32 - 200.0);
            if (80.0..120.0).contains(&r) { [220, 180, 90] } else { [3; 3] }
        });
        assert_eq!(judged(&ring), None);
        assert_eq!(judged(&Rgb8::from_fn(200, 200, grey)), None);
        assert_eq!(judged(&Rgb8::new(200, 200)), None);
    }
}
