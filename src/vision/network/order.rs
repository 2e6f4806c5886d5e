//! Squares of pixels to channels and back: where each value comes from is looked up.
//!
//! In a model file that is a reshape, a change of axes and a reshape, and tract moves the values through general
//! views of five and six axes, which costs a tenth of what Culet's own network takes.

use anyhow::Context;
use std::sync::Arc;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{
    EvalContext, EvalOp, IntoTValue, Op, StaticName, TypedFact, TypedModelPatch, TypedOp, args_1,
    as_op, ensure, op_as_typed_op, op_out_of_plan, tvec,
};
use tract_onnx::tract_core::ops::change_axes::AxisOp;

/// Every chain of changes of axes that moves values, as one [`Order`].
pub(super) fn looked_up(mut model: TypedModel) -> TractResult<TypedModel> {
    for id in 0..model.nodes().len() {
        let Some(chain) = chain(&model, id) else { continue };
        let Some(order) = Order::of(&model, &chain)? else { continue };
        let (node, last) = (model.node(id), chain[chain.len() - 1]);
        let mut patch = TypedModelPatch::default();
        let from = patch.tap_model(&model, node.inputs[0])?;
        let to = patch.wire_node(format!("{}.order", node.name), order, &[from])?;
        patch.shunt_outside(&model, last.into(), to[0])?;
        patch.apply(&mut model)?;
    }
    Ok(model)
}

/// The changes of axes that begin at a node, each the only one to read the one before.
fn chain(model: &TypedModel, id: usize) -> Option<Vec<usize>> {
    let is_one = |id: usize| model.node(id).op_is::<AxisOp>();
    let next = |id: usize| match model.node(id).outputs[0].successors.as_slice() {
        [only] if is_one(only.node) => Some(only.node),
        _ => None,
    };
    let before = model.node(id).inputs.first()?.node;
    if !is_one(id) || is_one(before) && next(before).is_some() {
        return None;
    }
    Some(std::iter::successors(Some(id), |&id| next(id)).collect())
}

/// The same values in another order and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Order {
    /// Of each value of the output, its place in the input.
    from: Arc<Vec<u32>>,
    shape: Vec<usize>,
}

impl Order {
    /// What a chain does; none where it leaves the values where they are, or has no known size.
    fn of(model: &TypedModel, chain: &[usize]) -> TractResult<Option<Self>> {
        /// Whole numbers up to this are exact as f32.
        const MOST: usize = 1 << 24;
        let fact = model.outlet_fact(model.node(chain[0]).inputs[0])?;
        let Some(shape) = fact.shape.as_concrete() else { return Ok(None) };
        let n: usize = shape.iter().product();
        if fact.datum_type != f32::datum_type() || n >= MOST {
            return Ok(None);
        }
        // The chain itself says where each value goes.
        let mut places = super::tensor(shape, (0..n).map(|i| i as f32).collect())?;
        for &id in chain {
            let op = model.node(id).op_as::<AxisOp>().context("no change of axes")?;
            op.change_tensor(&mut places, false)?;
        }
        let last = &model.node(chain[chain.len() - 1]).outputs[0].fact;
        let same = last.shape.as_concrete() == Some(places.shape());
        let from: Vec<u32> =
            places.to_plain_array_view::<f32>()?.iter().map(|&v| v as u32).collect();
        let moves = from.iter().enumerate().any(|(i, &at)| i != at as usize);
        let order = Self { shape: places.shape().to_vec(), from: Arc::new(from) };
        Ok((same && moves).then_some(order))
    }
}

impl Op for Order {
    fn name(&self) -> StaticName {
        "Order".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Order {
    op_out_of_plan!();

    fn eval(&self, _ctx: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let values = input.to_plain_array_view::<f32>()?;
        let values = values.as_slice().context("values are not in order")?;
        ensure!(values.len() == self.from.len(), "an input of another size");
        let out = self.from.iter().map(|&i| values[i as usize]).collect();
        Ok(tvec!(super::tensor(&self.shape, out)?.into_tvalue()))
    }
}

impl TypedOp for Order {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let shape = inputs[0].shape.as_concrete().context("an input of no known size")?;
        ensure!(shape.iter().product::<usize>() == self.from.len(), "an input of another size");
        Ok(tvec!(f32::fact(&self.shape)))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_of_pixels_become_channels_and_pixels_again() {
        let bytes = include_bytes!("../../../models/subject.onnx");
        let model = super::super::typed(bytes, [1, 7, 320, 320]).and_then(looked_up).unwrap();
        let orders: Vec<&Order> = model.nodes().iter().filter_map(|n| n.op_as()).collect();
        let input = orders.iter().find(|o| o.shape == [1, 112, 80, 80]).expect("no channels");
        let output = orders.iter().find(|o| o.shape == [1, 3, 320, 320]).expect("no pixels");
        // As PyTorch's pixel_unshuffle and pixel_shuffle are defined.
        for (c, y, x) in [(0, 0, 0), (3, 17, 211), (6, 319, 318), (2, 4, 1)] {
            let channel = c * 16 + y % 4 * 4 + x % 4;
            let (squares, pixels) = ((channel * 80 + y / 4) * 80 + x / 4, (c * 320 + y) * 320 + x);
            assert_eq!(input.from[squares] as usize, pixels);
            if c < 3 {
                assert_eq!(output.from[pixels] as usize, squares);
            }
        }
    }
}
