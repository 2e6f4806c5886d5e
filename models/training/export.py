"""Writes the trained network as models/subject.onnx, weights at half precision to be half as large; they are widened
again when the file is opened. Prints how far that moves its output.

python export.py subject.pt ../subject.onnx
"""

import io
import sys

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from network import PLANES, SIDE, Subject


class Whole(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return torch.sigmoid(self.model(x))


def halved(model):
    """Large weights become halves behind a cast."""
    graph = model.graph
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != numpy.float32 or values.size < 256:
            continue
        graph.initializer.remove(tensor)
        half = numpy_helper.from_array(values.astype(numpy.float16), tensor.name + "_half")
        graph.initializer.append(half)
        cast = helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT)
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    return model


def main():
    source, target = sys.argv[1:3]
    saved = torch.load(source, map_location="cpu")
    model = Subject()
    model.load_state_dict(saved["mean"])
    whole = Whole(model).eval()
    example = torch.rand(1, PLANES, SIDE, SIDE) - 0.5
    file = io.BytesIO()
    torch.onnx.export(
        whole,
        example,
        file,
        opset_version=13,
        input_names=["sight"],
        output_names=["parts"],
        do_constant_folding=True,
    )
    exported = halved(onnx.load_from_string(file.getvalue()))
    onnx.save(exported, target)
    session = onnxruntime.InferenceSession(target)
    (got,) = session.run(None, {"sight": example.numpy()})
    with torch.no_grad():
        apart = numpy.abs(got - whole(example).numpy()).max()
    weights = sum(p.numel() for p in model.parameters())
    print(f"{weights} weights, {len(exported.SerializeToString())} bytes, halves move the output by at most {apart:.4f}")


if __name__ == "__main__":
    main()
