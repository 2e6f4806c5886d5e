//! YUYV (YUV 4:2:2, packed) to sRGB by ITU-R BT.601. Webcams say BT.601 and send the limited range
//! (16 to 235) or the full one as they please; which it is shows in the pixels.

use crate::imaging::Rgb8;

/// How luma is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Range {
    /// 16 is black, 235 is white.
    #[default]
    Limited,
    /// 0 is black, 255 is white.
    Full,
}

impl Range {
    /// The range after another frame: more than one luma in a thousand far outside the limits
    /// cannot be noise about black or white. Once full, always full.
    pub(super) fn seen(self, yuyv: &[u8]) -> Self {
        let lumas = yuyv.iter().step_by(2);
        let outside = lumas.clone().filter(|y| !(8..=243).contains(*y)).count();
        if outside * 1000 > lumas.len() { Self::Full } else { self }
    }
}

/// `w` x `h` pixels from `w * h * 2` bytes: Y0 U Y1 V for each pair.
pub(super) fn to_rgb(yuyv: &[u8], w: usize, h: usize, range: Range) -> Rgb8 {
    let mut out = Rgb8::new(w, h);
    for (pair, rgb) in yuyv.chunks_exact(4).zip(out.data.chunks_exact_mut(6)) {
        let (u, v) = (i32::from(pair[1]) - 128, i32::from(pair[3]) - 128);
        rgb[..3].copy_from_slice(&pixel(i32::from(pair[0]), u, v, range));
        rgb[3..].copy_from_slice(&pixel(i32::from(pair[2]), u, v, range));
    }
    out
}

/// BT.601 with 16 bits of fraction.
fn pixel(y: i32, u: i32, v: i32, range: Range) -> [u8; 3] {
    let (luma, r, gu, gv, b) = match range {
        Range::Limited => ((y - 16) * 76_309, 104_597, 25_675, 53_279, 132_201),
        Range::Full => (y * 65_536, 91_881, 22_554, 46_802, 116_130),
    };
    let byte = |sum: i32| ((sum + 32_768) >> 16).clamp(0, 255) as u8;
    [byte(luma + r * v), byte(luma - gu * u - gv * v), byte(luma + b * u)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 100 % colour bars as 8-bit Y'`CbCr` (ITU-R BT.801) and what they are in R'G'B'.
    const BARS: [([i32; 3], [u8; 3]); 8] = [
        ([235, 128, 128], [255, 255, 255]),
        ([210, 16, 146], [255, 255, 0]),
        ([170, 166, 16], [0, 255, 255]),
        ([145, 54, 34], [0, 255, 0]),
        ([106, 202, 222], [255, 0, 255]),
        ([81, 90, 240], [255, 0, 0]),
        ([41, 240, 110], [0, 0, 255]),
        ([16, 128, 128], [0, 0, 0]),
    ];

    #[test]
    fn the_colour_bars_come_out() {
        for ([y, u, v], want) in BARS {
            let got = pixel(y, u - 128, v - 128, Range::Limited);
            let worst = got.iter().zip(want).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(worst <= 1, "{y} {u} {v}: {got:?}, not {want:?}");
        }
        // JFIF: full range, red is (76, 85, 255).
        assert_eq!(pixel(76, 85 - 128, 255 - 128, Range::Full), [254, 0, 0]);
        assert_eq!(pixel(255, 0, 0, Range::Full), [255; 3]);
    }

    #[test]
    fn pairs_become_pixels_and_the_range_is_noticed() {
        let picture = to_rgb(&[235, 128, 16, 128, 81, 90, 81, 240], 2, 2, Range::Limited);
        assert_eq!(picture.data[..6], [255, 255, 255, 0, 0, 0]);
        assert!(picture.at(0, 1)[0] > 250 && picture.at(1, 1)[1] < 3);
        assert_eq!(Range::Limited.seen(&[16, 128, 235, 128]), Range::Limited);
        let full = Range::Limited.seen(&[0, 128, 255, 128]);
        assert_eq!(full, Range::Full);
        assert_eq!(full.seen(&[100, 128, 100, 128]), Range::Full, "it stays");
    }
}
