"""Trains the boundary refiner, and writes `coefficients.rs` and, for the tests, what it finds in their talk.

Usage: python train.py SILERO_VAD.ONNX MEETINGS, with espeak-ng 1.51 and cargo on the PATH and the packages onnxruntime
and numpy. MEETINGS is a folder of labelled recordings of people (NAME.wav of 16 kHz, 16 bits, one channel; NAME.csv with
start_s,end_s,speech), here three clips of the AMI corpus (CC BY 4.0).

Everything is seeded: the same versions give the same coefficients. The weights are fitted to speech that this script
makes: voices are espeak-ng's, so that every boundary is known; noise, rooms, levels and lines are drawn at random. Three
recordings are too few to fit them to (left out one by one, they lost by it), but they say how far to trust them: the
answer is the network's where `trust` is 0 and the fitted model's where it is 1, and that one number is chosen for the
most causal ROC-AUC gained over the network, the mean of both kinds of sound.
"""

import csv
import pathlib
import subprocess
import sys
import wave

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
CLIPS, SECONDS = 120, 20
CELL = 0.008
# Hz; the last one does not exist at 8 kHz.
BANDS = [(80, 8000), (100, 1000), (1000, 4000), (4000, 8000)]
# Power that is silence anyway, 65 dB below full scale.
SILENCE = 3e-7
# dB by which a floor rises in each cell.
RISE = 0.02
# Frames before the last one whose logits count.
FRAMES_BACK = [0, 1, 2, 4]
# Cells before this one whose levels count.
CELLS_BACK = 3
# Cells in a row that may be speech while all logits that go in are below the second number, which is the most that is
# answered after them: a door and a fan rise above the floor, too. The network is late by about as many; the
# highest sensitivity takes one more for a start, and ends speech below a probability of 0.2.
LEAD, DENIED = 7, -1.5
# Of the network before its first frame.
FIRST_LOGIT = -5.0

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)


def network(samples, rate):
    """One probability for each frame of 32 ms."""
    frame, context = rate * 32 // 1000, rate * 4 // 1000
    state = np.zeros((2, 1, 128), np.float32)
    samples = np.concatenate([np.zeros(context), samples]).astype(np.float32)
    found = []
    for start in range(0, len(samples) - context - frame + 1, frame):
        piece = samples[None, start : start + context + frame]
        output, state = session.run(None, {"input": piece, "state": state, "sr": np.array(rate)})
        found.append(float(output[0, 0]))
    return np.array(found)


def features(samples, rate):
    """A row for each cell: logits of the network, then for each band its level over the floor and its rise."""
    probabilities = np.clip(network(samples, rate), 1e-6, 1 - 1e-6)
    cells, hop = 4 * len(probabilities), int(rate * CELL)
    logits = np.log(probabilities / (1 - probabilities))
    last = (np.arange(cells) + 1) // 4 - 1
    columns = []
    for back in FRAMES_BACK:
        columns.append(np.where(last >= back, logits[np.maximum(last - back, 0)], FIRST_LOGIT))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2 * hop) / (2 * hop))
    padded = np.concatenate([np.zeros(hop), samples])
    pieces = np.stack([padded[cell * hop : (cell + 2) * hop] for cell in range(cells)])
    powers = np.abs(np.fft.rfft(pieces * window, axis=1)) ** 2 / (2 * hop)
    hertz = np.arange(hop + 1) * rate / (2 * hop)
    for low, high in BANDS:
        if low >= rate / 2:
            continue
        levels = 10 * np.log10(powers[:, (hertz >= low) & (hertz < high)].sum(1) + SILENCE)
        floor, floors = np.inf, []
        for level in levels:
            floor = min(level, floor + RISE)
            floors.append(floor)
        rises = np.zeros(cells)
        rises[CELLS_BACK:] = levels[CELLS_BACK:] - levels[:-CELLS_BACK]
        columns += [levels - floors, rises]
    return np.stack(columns, 1)


PHRASES = {
    "en-us": [
        "the quick brown fox jumps over the lazy dog",
        "I would like to book a table for two please",
        "what time does the train leave tomorrow morning",
        "she had never seen such a beautiful house before",
        "well, it depends on what you mean",
        "yes",
        "no, not really",
        "turn the lights off in the kitchen",
        "we walked along the river until it was dark",
        "he asked whether anybody had found his keys",
        "thank you very much",
        "the committee will meet again next thursday",
    ],
    "en-gb": [
        "could you tell me the way to the station",
        "I have no idea what happened there",
        "it was raining all afternoon and nobody came",
    ],
    "de": [
        "ich möchte gerne einen Tisch für zwei Personen",
        "das Wetter wird morgen besser",
        "wo ist der nächste Bahnhof",
        "er hat das Buch gestern gelesen",
        "ja genau",
        "können Sie das bitte wiederholen",
    ],
    "fr": ["je voudrais un café s'il vous plaît", "où est la gare", "il fait très beau aujourd'hui"],
    "es": ["dónde está la biblioteca", "me gustaría reservar una mesa", "muchas gracias por todo"],
    "it": ["vorrei prenotare una camera", "che ore sono"],
    "pt": ["onde fica a estação", "muito obrigado"],
    "pl": ["dziękuję bardzo za pomoc"],
    "nl": ["ik wil graag een tafel reserveren"],
}
VOICES = ["", "+m1", "+m3", "+m5", "+m7", "+f1", "+f2", "+f3", "+f4", "+f5", "+croak"]


def phrase(rng):
    """A phrase at 16 kHz without silence around it, and where it sounds; gaps of up to 120 ms belong to it."""
    language = "en-us" if rng.random() < 0.5 else list(PHRASES)[rng.integers(len(PHRASES))]
    text = PHRASES[language][rng.integers(len(PHRASES[language]))]
    voice = language + VOICES[rng.integers(len(VOICES))]
    speed, pitch = rng.integers(120, 220), rng.integers(20, 80)
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    samples = resample(np.frombuffer(wav[44:], "<i2") / 32768, 22050, 16000)
    steps = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    loudness = np.convolve(np.sqrt((steps**2).mean(1)), np.ones(3) / 3, "same")
    sounds = loudness > loudness.max() * 10 ** (-38 / 20)
    places = np.flatnonzero(sounds)
    for before, after in zip(places[:-1], places[1:]):
        sounds[before:after] |= after - before <= 24
    start, end = places[0], places[-1] + 1
    return samples[start * 80 : end * 80], np.repeat(sounds[start:end], 80)


def noise(count, rng):
    """From white to brown, of power 1; sometimes swelling."""
    hertz = np.fft.rfftfreq(count, 1 / 16000)
    spectrum = rng.standard_normal(len(hertz)) + 1j * rng.standard_normal(len(hertz))
    spectrum /= np.maximum(hertz, 1) ** rng.choice([0, 0.5, 1, 1.5])
    spectrum[hertz < 40] = 0
    sound = np.fft.irfft(spectrum, count)
    if rng.random() < 0.4:
        knots = np.arange(0, count + 8000, 8000)
        sound *= np.interp(np.arange(count), knots, rng.uniform(0.3, 1.7, len(knots)))
    return sound / np.sqrt((sound**2).mean())


def clip(seed):
    """Phrases and pauses in a room, at some level, over some noise; and where there is speech."""
    rng = np.random.default_rng(seed)
    pieces, truth = [], []
    while sum(map(len, pieces)) < SECONDS * 16000:
        pause = int(16000 * min(3, rng.lognormal(-0.9, 0.6)))
        pieces.append(np.zeros(pause))
        truth.append(np.zeros(pause, bool))
        for _ in range(rng.integers(1, 3)):
            samples, sounds = phrase(rng)
            pieces.append(samples * 10 ** (rng.uniform(-6, 0) / 20))
            truth.append(sounds)
    samples, truth = np.concatenate(pieces), np.concatenate(truth)
    if rng.random() < 0.6:
        length = int(16000 * rng.uniform(0.1, 0.6))
        decay = np.exp(-6.9 * np.arange(length) / length) * rng.uniform(0.02, 0.12)
        echo = rng.standard_normal(length) * decay
        echo[0] = 1
        size = len(samples) + length
        samples = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)[: len(samples)]
    samples *= 10 ** (rng.uniform(-30, -3) / 20) / np.abs(samples).max()
    ratio = rng.choice([60, 40, 30, 25, 20, 15, 10, 5, 0])
    background = noise(len(samples), rng) * np.sqrt((samples[truth] ** 2).mean() / 10 ** (ratio / 10))
    if rng.random() < 0.2:
        # A line that sends nothing while nobody speaks, for half a second and more at a time.
        knots = np.arange(0, len(samples) + 8000, 8000)
        background *= np.interp(np.arange(len(samples)), knots, rng.random(len(knots)) < 0.6) > 0.5
    samples = samples + background
    return np.round(np.clip(samples, -1, 1) * 32768) / 32768, truth


def resample(samples, before, after):
    """By the spectrum, as if the sound began again at its end: exact enough where both ends are silent."""
    count = round(len(samples) * after / before)
    spectrum = np.zeros(count // 2 + 1, complex)
    known = np.fft.rfft(samples)
    shared = min(len(known), len(spectrum))
    spectrum[:shared] = known[:shared]
    return np.fft.irfft(spectrum, count) * after / before


def telephone(samples):
    """At 8 kHz through a µ-law line."""
    half = np.clip(resample(samples, 16000, 8000), -1, 1)
    coded = np.round(np.sign(half) * np.log1p(255 * np.abs(half)) / np.log(256) * 127) / 127
    return np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255


def fit(rows, truth):
    """Logistic regression by Newton's method. Answers weights and bias."""
    mean, spread = rows.mean(0), rows.std(0)
    rows = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
    ridge = np.append(np.full(rows.shape[1] - 1, 10.0), 0)
    found = np.zeros(rows.shape[1])
    for _ in range(20):
        chance = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (chance - truth) + ridge * found
        found -= np.linalg.solve((rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(ridge), slope)
    weights = found[:-1] / spread
    return weights, found[-1] - weights @ mean


def pink(count, rng):
    """Of power 1, from 40 Hz on."""
    hertz = np.fft.rfftfreq(count, 1 / 16000)
    spectrum = rng.standard_normal(len(hertz)) + 1j * rng.standard_normal(len(hertz))
    spectrum *= np.where(hertz < 40, 0, np.maximum(hertz, 1) ** -0.5)
    sound = np.fft.irfft(spectrum, count)
    return sound / np.sqrt((sound**2).mean())


def meetings(folder):
    """Each recording as it is and in pink noise 10, 5 and 0 dB below its speech; and where there is speech."""
    found = []
    for seed, path in enumerate(sorted(folder.glob("*.wav"))):
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        truth = np.zeros(len(samples), bool)
        with open(path.with_suffix(".csv")) as file:
            for start, end, speech in list(csv.reader(file))[1:]:
                truth[round(float(start) * 16000) : round(float(end) * 16000)] = speech == "1"
        found.append((samples, truth))
        loudness = (samples[truth] ** 2).mean()
        noises = pink(len(samples), np.random.default_rng(seed))
        for ratio in (10, 5, 0):
            noisy = samples + noises * np.sqrt(loudness / 10 ** (ratio / 10))
            found.append((np.clip(noisy, -1, 1), truth))
    return found


def known(scores, hop, truth):
    """Every 10 ms: the last score whose frame of `hop` samples at 16 kHz is over, and the truth."""
    middles = np.arange(80, min(len(scores) * hop, len(truth)), 160)
    last = middles // hop - 1
    return np.where(last >= 0, scores[np.maximum(last, 0)], -99), truth[middles]


def area(pairs):
    """ROC-AUC of all clips together."""
    scores, truth = (np.concatenate(column) for column in zip(*pairs))
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    speech, silence = truth.sum(), (~truth).sum()
    return (ranks[truth].sum() - speech * (speech + 1) / 2) / (speech * silence)


def bounded(sums, rows):
    """The model's logits, but no more than `DENIED` where it has been ahead of the network for too long."""
    found, alone = sums.copy(), 0
    for cell in range(len(sums)):
        alone = alone + 1 if max(rows[cell, : len(FRAMES_BACK)]) < DENIED < sums[cell] else 0
        if alone > LEAD:
            found[cell] = DENIED
    return found


def gain(clips, weights, bias, trust):
    """What the model gains in causal ROC-AUC where it is trusted so far. A clip is rows and truth."""
    sums = [trust * (rows @ weights + bias) + (1 - trust) * rows[:, 0] for rows, _ in clips]
    refined = area([known(bounded(sum, rows), 128, truth) for sum, (rows, truth) in zip(sums, clips)])
    # Behind the last cell of a frame stands the network's answer to it.
    return refined - area([known(rows[3::4, 0], 512, truth) for rows, truth in clips])


def talk(rate):
    """The talk of the tests."""
    command = ["cargo", "run", "-q", "-p", "persona-voice", "--example", "talk", "--", str(rate), "2", "20"]
    pcm = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE).stdout
    return np.frombuffer(pcm, "<i2") / 32768


def main():
    made, recorded = [clip(seed) for seed in range(CLIPS)], meetings(pathlib.Path(sys.argv[2]))
    out = ["//! Written by `refiner/train.py`.\n\nuse super::Coefficients;\n"]
    for name, rate in (("NARROW", 8000), ("WIDE", 16000)):
        heard = lambda samples: telephone(samples) if rate == 8000 else samples
        made_rows, recorded_rows = (
            [(features(heard(samples), rate), truth) for samples, truth in clips] for clips in (made, recorded)
        )
        middles = [truth[np.arange(len(rows)) * 128 + 64] for rows, truth in made_rows]
        weights, bias = fit(np.concatenate([rows for rows, _ in made_rows]), np.concatenate(middles))
        gains = {}
        for trust in np.arange(0, 1.01, 0.05).round(2):
            gains[trust] = [gain(clips, weights, bias, trust) for clips in (made_rows, recorded_rows)]
            print(name, f"trust {trust:.2f}: made {gains[trust][0]:+.4f}, recorded {gains[trust][1]:+.4f}", flush=True)
        trust = max(gains, key=lambda trust: sum(gains[trust]))
        weights, bias = trust * weights, trust * bias
        weights[0] += 1 - trust
        bands = np.zeros((4, 2))
        bands.flat[: len(weights) - 4] = weights[4:]
        line = lambda values: ", ".join(f"{value:.4f}" for value in values)
        pairs = ", ".join(f"[{line(pair)}]" for pair in bands)
        out.append(
            f"\n/// Trusted by {trust:.2f}.\npub(super) static {name}: Coefficients =\n    Coefficients {{"
            f" logits: [{line(weights[:4])}], bands: [{pairs}], bias: {bias:.4f} }};\n"
        )
        # As they are written.
        weights, bias = weights.round(4), round(bias, 4)
        rows = features(talk(rate), rate)
        refined = 1 / (1 + np.exp(-bounded(rows @ weights + bias, rows)))
        (HERE / f"{rate}.txt").write_text("".join(f"{value:.6f}\n" for value in refined))
    (HERE / "coefficients.rs").write_text("".join(out))
    subprocess.run(["rustfmt", "--edition", "2024", HERE / "coefficients.rs"], check=True)


if __name__ == "__main__":
    main()
