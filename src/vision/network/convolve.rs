//! 3x3 convolutions for tract: the same sums straight from the picture.
//!
//! tract copies every input into a bordered picture value by value, then gathers it again for every few output
//! channels; at the sizes of Culet's networks that costs twice what the sums do. Here rows of all channels lie side
//! by side between zeros, and a stretch of a row is summed up for four outputs at once in registers.

use anyhow::Context;
use pulp::{Simd, WithSimd};
use std::sync::Arc;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{
    EvalContext, EvalOp, IntoArcTensor, IntoTValue, Op, StaticName, TypedFact, TypedModelPatch,
    TypedNode, TypedOp, Validation, args_1, as_op, bail, ensure, op_as_typed_op, op_out_of_plan,
    tvec,
};
use tract_onnx::tract_core::ops::cnn::conv::{Conv, KernelFormat};
use tract_onnx::tract_core::ops::nn::DataFormat;

/// Output channels that are summed up together; with two vectors each they fill the registers.
const TOGETHER: usize = 4;
/// The longest stretch of a row that is summed up at once: two of the widest vectors.
const STRETCH: usize = 32;
const TAPS: usize = 9;

/// Every 3x3 convolution of a model that [`Convolution`] can do, done by it.
pub(super) fn direct(mut model: TypedModel) -> TractResult<TypedModel> {
    for id in 0..model.nodes().len() {
        let node = model.node(id);
        if let Some(op) = Convolution::instead_of(&model, node)? {
            let inputs = [node.inputs[0]];
            TypedModelPatch::replace_single_op(&model, node, &inputs, op)?.apply(&mut model)?;
        }
    }
    Ok(model)
}

/// A 3x3 convolution of one picture, channel by channel, whose border is taken for zero.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Convolution {
    inputs: usize,
    outputs: usize,
    step: usize,
    /// How far its taps lie from each other.
    reach: usize,
    /// For every [`TOGETHER`] outputs, every input and every tap: a weight for each of these outputs.
    weights: Arc<Tensor>,
    /// For each output, filled up with zeros.
    bias: Arc<Tensor>,
}

impl Convolution {
    /// The same as a node of a model does; none where it does something else.
    fn instead_of(model: &TypedModel, node: &TypedNode) -> TractResult<Option<Self>> {
        let Some(conv) = node.op_as::<Conv>() else { return Ok(None) };
        let pool = &conv.pool_spec;
        let facts = model.node_input_facts(node.id)?;
        let &[picture, weights, bias] = facts.as_slice() else { return Ok(None) };
        let (Some(shape), Some(weights), Some(bias)) =
            (picture.shape.as_concrete(), &weights.konst, &bias.konst)
        else {
            return Ok(None);
        };
        let (step, reach) = (pool.stride(0), pool.dilation(0));
        let pads = shape.len() == 4
            && pool
                .computed_padding(&shape[2..])
                .iter()
                .all(|p| p.pad_before == reach && p.pad_after <= reach);
        let plain = conv.q_params.is_none()
            && conv.group == 1
            && conv.kernel_fmt == KernelFormat::OIHW
            && pool.data_format == DataFormat::NCHW
            && pool.kernel_shape.as_slice() == [3, 3]
            && step == pool.stride(1)
            && (step == 1 || step == 2)
            && reach == pool.dilation(1)
            && pads
            && shape[0] == 1
            && [picture.datum_type, weights.datum_type(), bias.datum_type()]
                .iter()
                .all(|&t| t == f32::datum_type());
        if !plain {
            return Ok(None);
        }
        let op = Self::new(weights, bias, step, reach)?;
        // What tract reckons counts: rows that it leaves out at the end are no case of this one.
        let same = op.output_facts(&[picture])?[0].shape == node.outputs[0].fact.shape;
        Ok(same.then_some(op))
    }

    fn new(weights: &Tensor, bias: &Tensor, step: usize, reach: usize) -> TractResult<Self> {
        let (outputs, inputs) = (weights.shape()[0], weights.shape()[1]);
        let (from, each) = (weights.to_plain_array_view::<f32>()?, inputs * TAPS);
        let from = from.as_slice().context("weights are not in order")?;
        let full = outputs.next_multiple_of(TOGETHER);
        let packed: Vec<f32> = (0..full * each)
            .map(|i| {
                let (block, tap, o) = (i / (each * TOGETHER), i / TOGETHER % each, i % TOGETHER);
                from.get((block * TOGETHER + o) * each + tap).copied().unwrap_or(0.0)
            })
            .collect();
        let given = bias.to_plain_array_view::<f32>()?;
        let given: Vec<f32> = given.iter().copied().collect();
        ensure!(given.len() == outputs || given.len() == 1, "a bias of another size");
        let bias: Vec<f32> = (0..full)
            .map(|o| if o < outputs { given[o.min(given.len() - 1)] } else { 0.0 })
            .collect();
        Ok(Self {
            inputs,
            outputs,
            step,
            reach,
            weights: super::tensor(&[packed.len()], packed)?.into_arc_tensor(),
            bias: super::tensor(&[full], bias)?.into_arc_tensor(),
        })
    }

    /// One row after the other, and in each the row of every channel, between zeros.
    fn bordered(&self, planes: &[f32], w: usize, h: usize) -> (Vec<f32>, usize) {
        let pitch = w.next_multiple_of(STRETCH) + 2 * self.reach;
        let mut rows = vec![0.0; (h + 2 * self.reach) * self.inputs * pitch];
        for (c, plane) in planes.chunks_exact(w * h).enumerate() {
            for (y, row) in plane.chunks_exact(w).enumerate() {
                let at = ((y + self.reach) * self.inputs + c) * pitch + self.reach;
                rows[at..at + w].copy_from_slice(row);
            }
        }
        (rows, pitch)
    }
}

impl Op for Convolution {
    fn name(&self) -> StaticName {
        "Convolution3x3".into()
    }

    fn validation(&self) -> Validation {
        Validation::Rounding
    }

    op_as_typed_op!();
}

impl EvalOp for Convolution {
    op_out_of_plan!();

    fn eval(&self, _ctx: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let picture = args_1!(inputs);
        let &[_, _, h, w] = picture.shape() else { bail!("not one picture") };
        let (out_w, out_h) = (w.div_ceil(self.step), h.div_ceil(self.step));
        let planes = picture.to_plain_array_view::<f32>()?;
        let (rows, pitch) =
            self.bordered(planes.as_slice().context("planes are not in order")?, w, h);
        let (weights, bias) =
            (self.weights.to_plain_array_view::<f32>()?, self.bias.to_plain_array_view::<f32>()?);
        let mut out = vec![0.0; self.outputs * out_w * out_h];
        pulp::Arch::new().dispatch(Sums {
            op: self,
            rows: &rows,
            pitch,
            weights: weights.as_slice().context("weights are not in order")?,
            bias: bias.as_slice().context("a bias is not in order")?,
            w,
            out: &mut out,
            out_w,
            out_h,
        });
        let out = super::tensor(&[1, self.outputs, out_h, out_w], out)?;
        Ok(tvec!(out.into_tvalue()))
    }
}

impl TypedOp for Convolution {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shape = inputs[0].shape.as_concrete().context("a picture of no known size")?;
        ensure!(shape.len() == 4 && shape[0] == 1 && shape[1] == self.inputs, "another picture");
        let (h, w) = (shape[2].div_ceil(self.step), shape[3].div_ceil(self.step));
        Ok(tvec!(f32::fact([1, self.outputs, h, w])))
    }

    as_op!();
}

struct Sums<'a> {
    op: &'a Convolution,
    rows: &'a [f32],
    pitch: usize,
    weights: &'a [f32],
    bias: &'a [f32],
    w: usize,
    out: &'a mut [f32],
    out_w: usize,
    out_h: usize,
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { op, rows, pitch, weights, bias, w, out, out_w, out_h } = self;
        let (stretch, reach, each) = (2 * S::F32_LANES, op.reach, TAPS * TOGETHER);
        let wide = w.next_multiple_of(stretch);
        let mut sums = vec![0.0_f32; TOGETHER * wide];
        let line = op.inputs * pitch;
        for y in 0..out_h {
            let blocks = weights.chunks_exact(op.inputs * each).zip(bias.as_chunks().0);
            for (block, (weights, bias)) in blocks.enumerate() {
                for x in (0..w).step_by(stretch) {
                    let mut sum: [[S::f32s; 2]; TOGETHER] =
                        bias.map(|b| [simd.splat_f32s(b), simd.splat_f32s(b)]);
                    for (c, weights) in
                        weights.as_chunks::<{ TAPS * TOGETHER }>().0.iter().enumerate()
                    {
                        for ky in 0..3 {
                            let at = (y * op.step + ky * reach) * line + c * pitch + x;
                            let row = &rows[at..at + stretch + 2 * reach];
                            for kx in 0..3 {
                                let (v, _) =
                                    S::as_simd_f32s(&row[kx * reach..kx * reach + stretch]);
                                for (o, sum) in sum.iter_mut().enumerate() {
                                    let weight =
                                        simd.splat_f32s(weights[(ky * 3 + kx) * TOGETHER + o]);
                                    sum[0] = simd.mul_add_f32s(weight, v[0], sum[0]);
                                    sum[1] = simd.mul_add_f32s(weight, v[1], sum[1]);
                                }
                            }
                        }
                    }
                    for (o, sum) in sum.iter().enumerate() {
                        let to = &mut sums[o * wide + x..o * wide + x + stretch];
                        S::as_mut_simd_f32s(to).0.copy_from_slice(sum);
                    }
                }
                // Every second sum of a row is for nothing where the step is two: few layers have it.
                for o in 0..TOGETHER.min(op.outputs - block * TOGETHER) {
                    let at = ((block * TOGETHER + o) * out_h + y) * out_w;
                    let sums = sums[o * wide..o * wide + w].iter().step_by(op.step);
                    out[at..at + out_w].iter_mut().zip(sums).for_each(|(to, &v)| *to = v);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the definition says, in another order.
    fn plain(
        picture: &[f32],
        (c, h, w): (usize, usize, usize),
        weights: &[f32],
        bias: &[f32],
        (step, reach): (usize, usize),
    ) -> Vec<f32> {
        let mut out = Vec::new();
        for (o, b) in bias.iter().enumerate() {
            for y in (0..h).step_by(step) {
                for x in (0..w).step_by(step) {
                    let mut sum = f64::from(*b);
                    for (i, tap) in (0..c).flat_map(|i| (0..TAPS).map(move |t| (i, t))) {
                        let (v, u) = (y + tap / 3 * reach, x + tap % 3 * reach);
                        let inside =
                            (reach..h + reach).contains(&v) && (reach..w + reach).contains(&u);
                        if inside {
                            let value = picture[(i * h + v - reach) * w + u - reach];
                            sum += f64::from(value * weights[(o * c + i) * TAPS + tap]);
                        }
                    }
                    out.push(sum as f32);
                }
            }
        }
        out
    }

    #[test]
    fn the_sums_are_those_of_a_convolution() {
        let noise = |n: usize, seed: usize| -> Vec<f32> {
            (0..n).map(|i| ((i * 7919 + seed) % 211) as f32 / 105.0 - 1.0).collect()
        };
        let cases = [
            (1, 1, 1, 1, 1, 1),
            (3, 5, 7, 6, 1, 1),
            (7, 4, 33, 5, 2, 1),
            (5, 9, 64, 4, 1, 2),
            (2, 8, 90, 3, 2, 1),
            (4, 3, 12, 11, 1, 8),
        ];
        for (c, outputs, w, h, step, reach) in cases {
            let (picture, weights, bias) =
                (noise(c * w * h, 1), noise(outputs * c * TAPS, 2), noise(outputs, 3));
            let kernel = Tensor::from_shape(&[outputs, c, 3, 3], &weights).unwrap();
            let op = Convolution::new(
                &kernel,
                &Tensor::from_shape(&[outputs], &bias).unwrap(),
                step,
                reach,
            )
            .unwrap();
            let input = Tensor::from_shape(&[1, c, h, w], &picture).unwrap();
            let got = op.eval_out_of_plan(tvec!(input.into())).unwrap().unwrap();
            assert_eq!(got[0].shape(), [1, outputs, h.div_ceil(step), w.div_ceil(step)]);
            let got = got[0].to_plain_array_view::<f32>().unwrap();
            let want = plain(&picture, (c, h, w), &weights, &bias, (step, reach));
            for (got, want) in got.iter().zip(&want) {
                assert!((got - want).abs() < 1e-3, "{c} {outputs} {w}x{h} /{step} {reach}");
            }
        }
    }

    #[test]
    fn the_subject_network_runs_on_it() {
        let bytes = include_bytes!("../../../models/subject.onnx");
        let model = super::super::typed(bytes, [1, 7, 320, 320]).and_then(direct).unwrap();
        let of = |wanted: &str| model.nodes().iter().filter(|n| n.op().name() == wanted).count();
        // What is left to tract are the 1x1 ones.
        assert_eq!((of("Convolution3x3"), of("Conv")), (17, 0));
    }
}
