"""Writes what the reference runtime computes for the talk of the tests: one probability in each line.

Usage: python make.py SILERO_VAD.ONNX, with the packages onnxruntime and numpy, anywhere in the workspace.
"""

import pathlib
import subprocess
import sys

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)


def probabilities(rate, seed, seconds):
    command = ["cargo", "run", "-q", "-p", "persona-voice", "--example", "talk", "--", *map(str, (rate, seed, seconds))]
    pcm = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    frame, context = rate * 32 // 1000, rate * 4 // 1000
    state = np.zeros((2, 1, 128), np.float32)
    samples = np.concatenate([np.zeros(context, np.float32), samples])
    for start in range(0, len(samples) - context - frame + 1, frame):
        piece = samples[None, start : start + context + frame]
        output, state = session.run(None, {"input": piece, "state": state, "sr": np.array(rate)})
        yield float(output[0, 0])


for rate in (8000, 16000):
    lines = (f"{probability:.9f}\n" for probability in probabilities(rate, 1, 12))
    (pathlib.Path(__file__).parent / f"{rate}.txt").write_text("".join(lines))
