"""Records what onnxruntime computes for the patterns of the tests in src/vision/network.

pip install onnxruntime numpy
python models/record-onnxruntime.py models/u2netp.onnx > models/onnxruntime-u2netp.csv
python models/record-onnxruntime.py models/subject.onnx > models/onnxruntime-subject.csv
"""

import pathlib
import sys
import time

import numpy
import onnxruntime

SIDE = 320

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
wanted = session.get_inputs()[0]
planes = wanted.shape[1]
c, y, x = numpy.meshgrid(
    numpy.arange(planes), numpy.arange(SIDE), numpy.arange(SIDE), indexing="ij"
)
disk = numpy.hypot(x - 150.0, y - 170.0) < 70
if planes == 3:
    pattern = numpy.where(disk, 1.5 - 0.5 * c, 0.25 * ((x + 2 * y + c) % 7) - 1)
else:
    pattern = numpy.where(disk, 0.3 - 0.05 * c, 0.02 * ((x + 2 * y + c) % 7) - 0.06)
pattern[6:] = 0
times = []
for _ in range(5):
    start = time.perf_counter()
    (result,) = session.run(None, {wanted.name: pattern[None].astype(numpy.float32)})[:1]
    times.append(time.perf_counter() - start)
name = pathlib.Path(sys.argv[1]).stem
print(f"# x, y, first output of {name} on the pattern of its test in src/vision/network")
print(f"# onnxruntime {onnxruntime.__version__}, CPU, one thread, {min(times) * 1000:.0f} ms a run")
print(f"# python models/record-onnxruntime.py models/{name}.onnx > models/onnxruntime-{name}.csv")
for row in range(10, SIDE, 60):
    for column in range(10, SIDE, 60):
        print(f"{column}, {row}, {result[0, 0, row, column]:.6f}")
