//! The colour model: white-pinned 3x3 or root-polynomial of degree 2, fitted by linear least squares.
//!
//! Source: Finlayson, Mackiewicz, Hurlbert 2015, "Color Correction Using Root-Polynomial Regression".
//! Its terms are homogeneous, so that the correction does not depend on exposure. The pin is an
//! equality: the card comes out exactly as its reference whatever the other patches say.

use crate::imaging::colour::LinearSrgb;
pub use crate::imaging::correction::{Rows, TERMS, convert, terms};
use nalgebra::{DMatrix, DVector, Vector3};
use serde::{Deserialize, Serialize};

/// How colours are corrected after the white balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Root-polynomial of degree 2, white pinned.
    RootPolynomial2,
    /// 3x3 matrix, white pinned.
    Matrix3,
    /// White balance and exposure only.
    GreyOnly,
}

impl Method {
    /// How many of the [`terms`] it uses.
    fn used(self) -> usize {
        if self == Self::RootPolynomial2 { TERMS } else { 3 }
    }
}

/// No correction.
pub(super) const IDENTITY: Rows = [
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
];

/// One patch for the fit, both as linear colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Camera, white-balanced and exposed so that the pin has its reference.
    pub(super) camera: [f32; 3],
    /// Reference.
    pub(super) reference: LinearSrgb,
}

/// Pull towards the white-balanced camera, relative to the patches' own weight.
const RIDGE: f64 = 1e-4;

/// The model that brings `pin` to itself exactly and the pairs nearest to their references by least
/// squares in linear light; none when the patches do not determine it.
pub(super) fn solve(method: Method, pin: LinearSrgb, pairs: &[Pair]) -> Option<Rows> {
    if method == Method::GreyOnly {
        return Some(IDENTITY);
    }
    let used = method.used();
    let free = complement(&features(pin, used));
    let size = free.ncols();
    // A row is the identity's, which already keeps the pin, plus a combination of directions that
    // the pin does not see; the combination is what is fitted.
    let mut normal = DMatrix::<f64>::zeros(size, size);
    let mut right = DMatrix::<f64>::zeros(size, 3);
    for pair in pairs {
        let seen = free.transpose() * features(pair.camera, used);
        normal += &seen * seen.transpose();
        right += seen * difference(pair).transpose();
    }
    let ridge = RIDGE * normal.trace() / size as f64;
    let found = (normal + DMatrix::identity(size, size) * ridge).cholesky()?.solve(&right);
    let change = free * found;
    let mut rows = IDENTITY;
    for (channel, row) in rows.iter_mut().enumerate() {
        for (value, extra) in row.iter_mut().zip(change.column(channel).iter()) {
            *value += *extra as f32;
        }
    }
    rows.iter().flatten().all(|v| v.is_finite()).then_some(rows)
}

fn features(p: [f32; 3], used: usize) -> DVector<f64> {
    let all = terms(p).map(f64::from);
    DVector::from_row_slice(&all[..used])
}

/// What is missing from the camera's colour to the reference.
fn difference(pair: &Pair) -> Vector3<f64> {
    Vector3::from_fn(|c, _| f64::from(pair.reference[c]) - f64::from(pair.camera[c]))
}

/// An orthonormal basis of all directions at right angles to `v`, as columns.
fn complement(v: &DVector<f64>) -> DMatrix<f64> {
    let n = v.len();
    let mut basis: Vec<DVector<f64>> = vec![v / v.norm().max(1e-12)];
    // Axes in the order of how little of them the pin takes, so that the last one drops out.
    let mut axes: Vec<usize> = (0..n).collect();
    axes.sort_by(|&a, &b| v[a].abs().total_cmp(&v[b].abs()));
    for axis in axes.into_iter().take(n - 1) {
        let mut e = DVector::zeros(n);
        e[axis] = 1.0;
        for _ in 0..2 {
            for b in &basis {
                e -= b * b.dot(&e);
            }
        }
        basis.push(&e / e.norm().max(1e-12));
    }
    DMatrix::from_columns(&basis[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pin_is_exact_and_exposure_changes_nothing() {
        let pin = [0.58, 0.59, 0.6];
        let pairs: Vec<Pair> = (0..24)
            .map(|i| {
                let v = |k: usize| 0.04 + ((i * k) % 17) as f32 / 20.0;
                let reference = [v(3), v(5), v(7)];
                let mixed = [
                    0.7 * reference[0] + 0.25 * reference[1],
                    0.9 * reference[1] + 0.1 * reference[2],
                    0.2 * reference[1] + 0.8 * reference[2],
                ];
                Pair { camera: mixed, reference }
            })
            .collect();
        for method in [Method::Matrix3, Method::RootPolynomial2] {
            let rows = solve(method, pin, &pairs).unwrap();
            for scale in [1.0, 0.35, 0.02] {
                let out = convert(&rows, pin.map(|v| v * scale));
                for (o, p) in out.iter().zip(pin) {
                    assert!((o / (p * scale) - 1.0).abs() < 1e-5, "{method:?}: {out:?}");
                }
            }
        }
    }
}
