"""Records what onnxruntime computes from u2netp for the pattern of the test in src/vision/network/mod.rs.

pip install onnxruntime numpy
python models/record-onnxruntime.py models/u2netp.onnx > models/onnxruntime-u2netp.csv
"""

import sys
import time

import numpy
import onnxruntime

SIDE = 320

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
c, y, x = numpy.meshgrid(numpy.arange(3), numpy.arange(SIDE), numpy.arange(SIDE), indexing="ij")
disk = numpy.hypot(x - 150.0, y - 170.0) < 70
pattern = numpy.where(disk, 1.5 - 0.5 * c, 0.25 * ((x + 2 * y + c) % 7) - 1).astype(numpy.float32)
times = []
for _ in range(5):
    start = time.perf_counter()
    (result,) = session.run(None, {session.get_inputs()[0].name: pattern[None]})[:1]
    times.append(time.perf_counter() - start)
print("# x, y, first output of u2netp on the pattern of the test in src/vision/network/mod.rs")
print(f"# onnxruntime {onnxruntime.__version__}, CPU, one thread, {min(times) * 1000:.0f} ms a run")
print("# python models/record-onnxruntime.py models/u2netp.onnx > models/onnxruntime-u2netp.csv")
for row in range(10, SIDE, 60):
    for column in range(10, SIDE, 60):
        print(f"{column}, {row}, {result[0, 0, row, column]:.6f}")
