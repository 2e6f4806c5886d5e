//! Plane projective maps between a card and its picture.

use nalgebra::{DMatrix, DVector, Matrix3, Vector3};

/// A projective map of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homography(Matrix3<f64>);

impl Homography {
    /// The map that brings each first point to its second one, by least squares over the second
    /// points' normalised coordinates; none from fewer than four pairs or from a degenerate set.
    pub fn from_pairs(pairs: &[([f64; 2], [f64; 2])]) -> Option<Self> {
        if pairs.len() < 4 {
            return None;
        }
        let from = Normalised::of(pairs.iter().map(|p| p.0));
        let to = Normalised::of(pairs.iter().map(|p| p.1));
        let mut a = DMatrix::zeros(pairs.len() * 2, 8);
        let mut b = DVector::zeros(pairs.len() * 2);
        for (i, &(p, q)) in pairs.iter().enumerate() {
            let ([x, y], [u, v]) = (from.apply(p), to.apply(q));
            let rows = [
                [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y],
                [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y],
            ];
            for (k, row) in rows.iter().enumerate() {
                for (j, &value) in row.iter().enumerate() {
                    a[(2 * i + k, j)] = value;
                }
            }
            b[2 * i] = u;
            b[2 * i + 1] = v;
        }
        let normal = a.transpose() * &a;
        let h = normal.lu().solve(&(a.transpose() * b))?;
        let m = Matrix3::new(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], 1.0);
        let m = to.matrix().try_inverse()? * m * from.matrix();
        m.iter().all(|v| v.is_finite()).then_some(Self(m))
    }

    /// Where a point goes.
    pub fn map(&self, p: [f64; 2]) -> [f64; 2] {
        let q = self.0 * Vector3::new(p[0], p[1], 1.0);
        [q[0] / q[2], q[1] / q[2]]
    }

    /// The map back; none when this one folds the plane into a line.
    pub fn inverse(&self) -> Option<Self> {
        self.0.try_inverse().map(Self)
    }
}

/// Moves points to mean 0 and mean distance about 1, so that the equations are well conditioned.
struct Normalised {
    mean: [f64; 2],
    scale: f64,
}

impl Normalised {
    fn of(points: impl Iterator<Item = [f64; 2]> + Clone) -> Self {
        let n = points.clone().count() as f64;
        let (sx, sy) = points.clone().fold((0.0, 0.0), |s, p| (s.0 + p[0], s.1 + p[1]));
        let mean = [sx / n, sy / n];
        let far: f64 = points.map(|p| (p[0] - mean[0]).hypot(p[1] - mean[1])).sum();
        Self { mean, scale: n / far.max(1e-9) }
    }

    fn apply(&self, p: [f64; 2]) -> [f64; 2] {
        [(p[0] - self.mean[0]) * self.scale, (p[1] - self.mean[1]) * self.scale]
    }

    fn matrix(&self) -> Matrix3<f64> {
        let (s, [x, y]) = (self.scale, self.mean);
        Matrix3::new(s, 0.0, -s * x, 0.0, s, -s * y, 0.0, 0.0, 1.0)
    }
}

/// Twice the signed area of a polygon; positive when its points go clockwise on the screen.
pub(super) fn doubled_area(points: &[[f64; 2]]) -> f64 {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

/// Whether four corners make a convex quadrilateral that is seen from its front.
pub(super) fn is_convex_front(corners: &[[f64; 2]; 4]) -> bool {
    (0..4).all(|i| {
        let (a, b, c) = (corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]);
        (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perspective_is_recovered_and_undone() {
        let truth = |[x, y]: [f64; 2]| {
            let w = 1.0 + 0.02 * x - 0.01 * y;
            [(300.0 + 40.0 * x + 5.0 * y) / w, (200.0 - 6.0 * x + 38.0 * y) / w]
        };
        let grid = (0..24).map(|i| [f64::from(i % 6), f64::from(i / 6)]);
        let pairs: Vec<_> = grid.map(|p| (p, truth(p))).collect();
        let h = Homography::from_pairs(&pairs).unwrap();
        let back = h.inverse().unwrap();
        for (p, q) in pairs {
            let (u, v) = (h.map(p), back.map(q));
            assert!((u[0] - q[0]).hypot(u[1] - q[1]) < 1e-6, "{u:?} {q:?}");
            assert!((v[0] - p[0]).hypot(v[1] - p[1]) < 1e-6, "{v:?} {p:?}");
        }
    }

    #[test]
    fn points_on_a_line_make_no_map() {
        let pairs: Vec<_> = (0..6).map(|i| ([f64::from(i), 0.0], [f64::from(i), 2.0])).collect();
        let h = Homography::from_pairs(&pairs);
        assert!(h.is_none_or(|h| h.inverse().is_none() || !h.map([1.0, 5.0])[1].is_normal()));
        assert!(Homography::from_pairs(&pairs[..3]).is_none());
    }

    #[test]
    fn a_square_is_seen_from_its_front_and_a_mirrored_one_is_not() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let mirrored = [square[1], square[0], square[3], square[2]];
        assert!(is_convex_front(&square) && !is_convex_front(&mirrored));
        assert!((doubled_area(&square) - 2.0).abs() < 1e-12);
    }
}
