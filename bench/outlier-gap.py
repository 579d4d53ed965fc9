"""PyTorch's side of the comparison with Outglow on the outlier loss (docs/experiments.md); bench/outlier-gap.mjs is the other side.

    python3 bench/outlier-gap.py compare GENERAL NORMAL FOUND
        holds the terms, the outlier loss and the gradients that outlier-gap.mjs wrote to FOUND against the plain model of torch-glow.py and against
        the fast form below
    python3 bench/outlier-gap.py shrink IMAGES
        writes general images that other kernels than Outglow's have made smaller
    python3 bench/outlier-gap.py altered IMAGES GENERAL NORMAL
        AUROC of a detector on sharpened and softened images and on sets of few details
    python3 bench/outlier-gap.py study IMAGES OUT [--seconds 400] [--together 12] [--scale 1] [--only NAME ...]
        trains general models and fine-tunes from them with the outlier loss, one factor changed at a time, several seeds; one JSON line a look

IMAGES are the .npy files of `outlier-gap.mjs images`, GENERAL and NORMAL weights, FILE.safetensors or FILE.safetensors#PREFIX. On a graphics card a step is captured once as a CUDA graph and replayed, and several trainings run
side by side, each on a stream of its own; on a processor (`--scale 0.01` for a trial) they take turns. Test images are looked at for the report only.
"""
import argparse
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from glow_flow import Flow, read_tensors, write_tensors  # noqa: E402

DECAY, MOMENT, NORM, EPSILON = 5e-5, 0.9, 0.999, 1e-8
BATCH, WATCHED = 64, 512
ENDLESS = 1e30
GENERAL, OUTLIER, KERNELS = "general", "outlier", ("box", "lanczos")


def emit(file, **fields):
    text = json.dumps(fields)
    print(text, file=file, flush=True)


def auroc(normal, anomalous):
    """Area under the ROC curve with anomalous = higher; ties count half."""
    both = np.concatenate([normal, anomalous]).astype(np.float64)
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    m, k = len(normal), len(anomalous)
    return float((ranks[m:].sum() - k * (k + 1) / 2) / (m * k))


def penalty(difference, weight, temperature, floor):
    """src/nn/outlier-penalty.ts, image by image, with the floor at any number of temperatures."""
    t = difference / temperature
    return weight * (functional.softplus(t) + torch.log1p(functional.relu(-floor - t)))


def data_of(pixels, noise):
    return (pixels + noise) / 256 - 0.5


def shrunk(pixels, kernel):
    """uint8 [N, C, 64, 64] to [N, C, 32, 32] by a kernel over pixels of the small image, both ways one after the other."""
    place = (np.arange(64) + 0.5) / 2 - 0.5 - np.arange(32)[:, None]
    weights = np.where(np.abs(place) < 3, np.sinc(place) * np.sinc(place / 3), 0) if kernel == "lanczos" else (np.abs(place) < 0.5) * 1.0
    weights = torch.tensor(weights / weights.sum(1, keepdims=True), dtype=torch.float32)
    pieces = [weights @ part.float() @ weights.T for part in pixels.split(1000)]
    return torch.cat([piece.round().clamp(0, 255).to(torch.uint8) for piece in pieces])


class World:
    """A pair of data sets on a device: what is trained on, held out, and compared."""

    def __init__(self, folder, prefix, anomalous, device, sharper, limit):
        read = lambda name: torch.tensor(np.load(pathlib.Path(folder) / f"{prefix}{name}.npy"))
        load = lambda name: read(name)[: limit if name not in ("normal-train", "general") else None]
        order = lambda count: torch.tensor(np.random.default_rng(1).permutation(count))
        normal = load("normal-train")
        normal = normal[order(len(normal))]
        held = round(0.08 * len(normal))
        self.held = normal[:held]
        general = {GENERAL: load("general")}
        large = pathlib.Path(folder) / f"{prefix}general-64.npy"
        if sharper and large.exists():
            pixels = torch.tensor(np.load(large))
            general.update({kernel: shrunk(pixels, kernel) for kernel in KERNELS})
        # All that is drawn from lies in one tensor: a job says from where to where.
        self.ranges, parts, start = {"normal": (0, len(normal) - held)}, [normal[held:]], len(normal) - held
        self.held_outliers = {}
        for name, images in general.items():
            images = images[order(len(images))]
            kept = round(0.02 * len(images))
            self.held_outliers[name] = images[: min(limit, kept)].to(device)
            self.ranges[name] = (start, len(images) - kept)
            parts.append(images[kept:])
            start += len(images) - kept
        self.pool = torch.cat(parts).to(device)
        self.watched = self.held[: min(limit, WATCHED)].to(device)
        self.sets = {"normal": load("normal-test").to(device), **{name: load(name).to(device) for name in anomalous}}
        self.flow = Flow(channels=normal.shape[1])
        self.device, self.name = device, prefix or "colour-"
        share = self.flow.dimensions / 3072
        self.weight, self.temperature = 6000 * share, 1000 * share
        self.models, self.known = {}, {}

    @torch.no_grad()
    def terms(self, vector, fixed, pixels):
        pieces = [self.flow.terms(vector, fixed, data_of(part.float(), 0.5)) for part in pixels.split(1000)]
        return torch.cat(pieces).cpu().numpy().astype(np.float64)

    def general_terms(self, key, outliers):
        """Terms of everything that is looked at under a general model, measured once."""
        if (key, outliers) not in self.known:
            sets = {"watched": self.watched, "outliers": self.held_outliers[outliers], **self.sets}
            self.known[key, outliers] = {name: self.terms(*self.models[key], pixels) for name, pixels in sets.items()}
        return self.known[key, outliers]


class Job:
    """A training. `start` and `reference` name models that are there by then; steps where it is looked at, and where its weights get a name."""

    def __init__(self, name, world, seed=0, start=None, steps=2000, rate=5e-4, fall=0.9, floor=5, temperature=1, weight=1, flip=True,
                 shift=0, outliers=GENERAL, looks=10, names=None, pace=1):
        self.name, self.world, self.seed, self.start, self.steps, self.rate = name, world, seed, start, steps, rate
        self.fall, self.floor, self.temperature, self.weight = fall, floor, temperature, weight
        self.flip, self.shift, self.outliers, self.names = flip, shift, outliers, names or {}
        self.kind = GENERAL if start is None else OUTLIER
        # Steps for one of the others', so that a long training comes to its end.
        self.pace = pace
        shares = [0.025, 0.05, *((look + 1) / looks for look in range(looks))]
        self.looks = sorted({*(pace * max(1, round(steps * share / pace)) for share in shares), *self.names})
        self.step, self.best, self.chosen, self.reference = 0, math.inf, None, None

    def settings(self):
        fields = ("kind", "start", "steps", "rate", "fall", "floor", "temperature", "weight", "flip", "shift", "outliers")
        return {field: getattr(self, field) for field in fields}


class Slot:
    """Buffers and the captured step of one training at a time. What differs between trainings is numbers on the device."""

    def __init__(self, world, kind):
        self.world, self.kind, device = world, kind, world.device
        flow, cuda = world.flow, device.type == "cuda"
        zeros = lambda: torch.zeros(sum(flow.sizes), device=device)
        self.vector, self.moment, self.norm, self.reference = zeros().requires_grad_(), zeros(), zeros(), zeros()
        self.fixed = torch.zeros(sum(flow.fixed_sizes), device=device)
        self.reference_fixed = self.fixed.clone()
        names = ("step", "rate", "fall", "warmup", "floor", "weight", "temperature", "flip", "shift", "start", "count", "outlier_start", "outlier_count")
        self.numbers = {name: torch.zeros((), device=device, dtype=torch.float64) for name in names}
        self.sums = torch.zeros(4, device=device)
        self.generator = torch.Generator(device=device)
        self.stream = torch.cuda.Stream() if cuda else None
        self.graph, self.job = None, None
        if cuda:
            try:
                self.capture()
            except RuntimeError as error:
                self.graph = None
                print(f"no graph: {error}", file=sys.stderr, flush=True)

    def draw(self, start, count):
        """A batch as data [64, C, 32, 32]: drawn with replacement, mirrored, shifted, with noise."""
        device, size = self.world.device, self.world.flow.size
        uniform = lambda *shape: torch.rand(shape, device=device, generator=self.generator)
        pixels = self.world.pool[(start + torch.floor(uniform(BATCH).double() * count)).long()]
        pixels = torch.where((uniform(BATCH) < self.numbers["flip"]).view(-1, 1, 1, 1), pixels.flip(3), pixels)
        most = self.numbers["shift"]
        moves = torch.round((2 * uniform(2, BATCH).double() - 1) * (most + 0.49)).clamp(-most, most).long()
        along = torch.arange(size, device=device)
        rows, columns = along + moves[0][:, None] + size, along + moves[1][:, None] + size
        padded = functional.pad(pixels, (size, size, size, size))
        image = torch.arange(BATCH, device=device).view(-1, 1, 1, 1)
        channel = torch.arange(pixels.shape[1], device=device).view(1, -1, 1, 1)
        pixels = padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]
        return data_of(pixels.float(), uniform(*pixels.shape))

    def once(self):
        """One step: batch, loss, gradient, Adamax as src/optim/optimizer.ts has it. Where anything is not finite nothing changes."""
        flow, n = self.world.flow, self.numbers
        x = self.draw(n["start"], n["count"])
        if self.kind == OUTLIER:
            outliers = self.draw(n["outlier_start"], n["outlier_count"])
            with torch.no_grad():
                reference = flow.terms(self.reference, self.reference_fixed, outliers).sum(1)
            both = flow.terms(self.vector, self.fixed, torch.cat([x, outliers])).sum(1)
            likelihood, difference = -both[:BATCH].mean(), both[BATCH:] - reference
            punished = penalty(difference, n["weight"].float(), n["temperature"].float(), n["floor"].float()).mean()
            loss, distance = likelihood + punished, difference.mean()
        else:
            likelihood = loss = -flow.terms(self.vector, self.fixed, x).sum(1).mean()
            distance = torch.zeros((), device=x.device)
        (gradient,) = torch.autograd.grad(loss, self.vector)
        with torch.no_grad():
            count = n["step"] + 1
            rate = n["rate"] * torch.clamp(count / n["warmup"], max=1) * (1 - 0.9 * (n["step"] >= n["fall"]).double())
            whole = torch.isfinite(loss + gradient.square().sum())
            g = gradient + DECAY * self.vector
            moment = MOMENT * self.moment + (1 - MOMENT) * g
            norm = torch.maximum(NORM * self.norm, g.abs() + EPSILON)
            change = (rate / (1 - MOMENT**count)).float() * moment / norm
            self.moment.copy_(torch.where(whole, moment, self.moment))
            self.norm.copy_(torch.where(whole, norm, self.norm))
            self.vector.copy_(torch.where(whole, self.vector - change, self.vector))
            n["step"] += 1
            # Sums of likelihood and difference over the steps that counted, how many counted, how many there were.
            parts = torch.stack([likelihood, distance, torch.ones_like(loss), torch.zeros_like(loss)])
            self.sums += torch.where(whole, parts, torch.zeros_like(parts))
            self.sums[3] += 1

    def capture(self):
        world = self.world
        self.vector.data.copy_(world.example[0]), self.fixed.copy_(world.example[1])
        self.reference.copy_(world.example[0]), self.reference_fixed.copy_(world.example[1])
        for name in ("warmup", "weight", "temperature"):
            self.numbers[name].fill_(1)
        for name in ("count", "outlier_count"):
            self.numbers[name].fill_(64)
        torch.cuda.synchronize()
        with torch.cuda.stream(self.stream):
            for _ in range(2):
                self.once()
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(self.generator)
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.once()

    def take(self, job):
        world = job.world
        self.job, fresh = job, job.start is None
        self.generator.manual_seed(1000 + job.seed)
        if fresh:
            generator = torch.Generator().manual_seed(job.seed)
            start, count = world.ranges[job.outliers]
            drawn = world.pool[start + torch.randint(count, (704,), generator=generator).to(world.device)].float()
            noise = torch.rand(drawn.shape, generator=generator).to(world.device)
            weights = world.flow.fresh(generator, data_of(drawn, noise))
        else:
            weights = world.models[job.start]
            job.reference = world.general_terms(job.start, job.outliers)
            self.reference.copy_(weights[0]), self.reference_fixed.copy_(weights[1])
        with torch.no_grad():
            self.vector.copy_(weights[0]), self.fixed.copy_(weights[1])
            for one in (self.moment, self.norm, self.sums):
                one.zero_()
        start, count = world.ranges[job.outliers if fresh else "normal"]
        outlier_start, outlier_count = world.ranges[job.outliers]
        values = dict(step=0, rate=job.rate, fall=math.inf if job.fall is None else math.floor(job.steps * job.fall), warmup=100,
                      floor=ENDLESS if job.floor is None else job.floor, weight=world.weight * job.weight,
                      temperature=world.temperature * job.temperature, flip=0.5 if job.flip else 0, shift=job.shift,
                      start=start, count=count, outlier_start=outlier_start, outlier_count=outlier_count)
        for name, value in values.items():
            self.numbers[name].fill_(value)

    def replay(self):
        if self.graph is None:
            self.once()
            return
        with torch.cuda.stream(self.stream):
            self.graph.replay()


def look(slot, file, begun):
    """What the model of a slot says now: held-out loss, bits/dim, AUROC of every set by ratio, final scale and their like."""
    job, world = slot.job, slot.world
    own = lambda pixels: world.terms(slot.vector.detach(), slot.fixed, pixels)
    bits = lambda terms: -terms.sum(1).mean() / (world.flow.dimensions * math.log(2)) + 8
    sums = slot.sums.tolist()
    count = max(1.0, sums[2])
    slot.sums.zero_()
    fields = dict(event="look", job=job.name, world=world.name, seed=job.seed, step=job.step, seconds=round(time.time() - begun, 1), skipped=round(sums[3] - sums[2]))
    terms = {}
    if job.kind == GENERAL:
        held = own(world.held_outliers[job.outliers])
        emit(file, **fields, heldOutBits=round(float(bits(held)), 4), bitsOfNormal=round(float(bits(own(world.watched))), 4))
    else:
        terms = {name: own(pixels) for name, pixels in {"watched": world.watched, "outliers": world.held_outliers[job.outliers], **world.sets}.items()}
        apart = {name: terms[name] - job.reference[name] for name in terms}
        d = torch.tensor(apart["outliers"].sum(1))
        punished = penalty(d, world.weight * job.weight, world.temperature * job.temperature, ENDLESS if job.floor is None else job.floor)
        loss = -terms["watched"].sum(1).mean() + float(punished.mean())
        scores = {"likelihood": lambda n: -terms[n].sum(1), "ratio": lambda n: -apart[n].sum(1), "final": lambda n: -terms[n][:, -1]}
        scores.update({f"ratio-{s}": (lambda n, s=s: -apart[n][:, s]) for s in range(world.flow.scales)})
        found = {name: {score: round(auroc(of("normal"), of(name)), 4) for score, of in scores.items()} for name in world.sets if name != "normal"}
        middle = {name: round(float(np.median(values.sum(1))), 1) for name, values in apart.items()}
        better = loss < job.best
        emit(file, **fields, loss=round(float(loss), 1), bits=round(float(bits(terms["watched"])), 4), best=bool(better), trainedDifference=round(sums[1] / count, 1),
             medianDifference=middle, auroc=found)
        if better:
            job.best, job.chosen = loss, (job.step, found)
            job.vector = slot.vector.detach().clone()
    if job.step in job.names:
        world.models[job.names[job.step]] = slot.vector.detach().clone(), slot.fixed.clone()
    return terms


def plan(worlds, scale, seeds):
    """All trainings, the most telling ones first."""
    steps = lambda count: max(4, round(count * scale))
    colour, grey = worlds
    made = []
    for seed in seeds:
        names = {steps(4000): f"general-{seed}"}
        if seed == 0:
            names.update({steps(2000): "general-0 at 2k"})
        made.append(Job("general", colour, seed, steps=steps(4000), rate=1e-3, fall=None, looks=4, names=names))
    kinds = [kind for kind in colour.ranges if kind not in ("normal", GENERAL)]
    for kind in kinds:
        made.append(Job(f"general, {kind}", colour, 0, steps=steps(4000), rate=1e-3, fall=None, outliers=kind, looks=4, names={steps(4000): f"general, {kind}"}))
    made.append(Job("general, grey", grey, 0, steps=steps(4000), rate=1e-3, fall=None, looks=4, names={steps(4000): "general-0"}))
    made.append(Job("general, long", colour, 0, steps=steps(20000), rate=1e-3, looks=10, names={steps(20000): "general-0 at 20k"}, pace=2))
    tune = lambda name, world=colour, **more: [
        Job(name, world, seed, **{"start": "general-0", "steps": steps(2000), **more}) for seed in seeds
    ]
    made += tune("as it is")
    made += tune("no floor", floor=None)
    made += tune("no floor, rate 1e-3, no fall", floor=None, rate=1e-3, fall=None)
    for kind in kinds:
        made += tune(f"{kind} general images", start=f"general, {kind}", outliers=kind)
    made += tune("8,000 steps", steps=steps(8000), looks=20, pace=2)
    made += tune("no floor, rate 1e-3, no fall, 8,000 steps", floor=None, rate=1e-3, fall=None, steps=steps(8000), looks=20, pace=2)
    made += tune("rate 1e-3", rate=1e-3)
    made += tune("as it is", grey)
    made += tune("no floor", grey, floor=None)
    made += tune("no floor, rate 1e-3, no fall", grey, floor=None, rate=1e-3, fall=None)
    made += tune("general model of another seed", start="general-1") + tune("general model of a third seed", start="general-2")
    made += tune("general model of 2,000 steps", start="general-0 at 2k")
    made += tune("floor 30", floor=30)
    made += tune("no fall", fall=None)
    made += tune("no flip", flip=False)
    made += tune("shift", shift=3)
    made += tune("temperature 3", temperature=3, weight=3)
    made += tune("temperature 1/3", temperature=1 / 3, weight=1 / 3)
    made += tune("weight 3", weight=3)
    made += tune("weight 1/3", weight=1 / 3)
    made += tune("rate 2e-3", rate=2e-3)
    made += tune("general model of 20,000 steps", start="general-0 at 20k")
    made += tune("rate 1e-3", grey, rate=1e-3)
    made += tune("8,000 steps", grey, steps=steps(8000), looks=20, pace=2)
    return made


def study(options):
    begun = time.time()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    file = (out / "looks.jsonl").open("a")
    colour = World(options.images, "", ["mnist-m", "cifar-100"], device, True, options.limit)
    grey = World(options.images, "grey-", ["mnist", "emnist-letters"], device, False, options.limit)
    for world in (colour, grey):
        generator = torch.Generator().manual_seed(0)
        world.example = world.flow.fresh(generator, data_of(world.pool[:128].float(), 0.5))
    waiting = [job for job in plan((colour, grey), options.scale, options.seeds) if not options.only or job.name in options.only]
    if options.general:
        for key, path in (one.split("=") for one in options.general):
            vector, fixed = load_weights(colour.flow, path)
            colour.models[key] = vector.to(device), fixed.to(device)
    emit(file, event="begin", device=torch.cuda.get_device_name() if device.type == "cuda" else "cpu", torch=torch.__version__, jobs=len(waiting),
         seconds=round(time.time() - begun, 1), settings={f"{job.world.name}{job.name}": job.settings() for job in waiting})
    running, idle, results, kept = [], [], [], {}
    together = options.together if device.type == "cuda" else 1

    def startable(job):
        return job.start is None or job.start in job.world.models

    while (waiting or running) and time.time() - begun < options.seconds:
        for job in [job for job in waiting if startable(job)]:
            if len(running) >= together:
                break
            slot = next((one for one in idle if one.world is job.world and one.kind == job.kind), None)
            if slot is None:
                slot = Slot(job.world, job.kind)
            else:
                idle.remove(slot)
            slot.take(job)
            running.append(slot)
            waiting.remove(job)
        if not running:
            break
        if device.type == "cuda":
            torch.cuda.synchronize()
        # As many steps as bring nobody past a look.
        ahead = min(options.chunk, *((min(at for at in job.looks if at > job.step) - job.step) // job.pace for job in (slot.job for slot in running)))
        started = time.time()
        for _ in range(ahead):
            for slot in running:
                for _ in range(slot.job.pace):
                    slot.replay()
        if device.type == "cuda":
            torch.cuda.synchronize()
        spent = time.time() - started
        for slot in list(running):
            job = slot.job
            job.step += ahead * job.pace
            if job.step not in job.looks:
                continue
            terms = look(slot, file, begun)
            if job.step < job.steps:
                continue
            if job.kind == OUTLIER:
                results.append((job, terms))
                if job.seed == options.seeds[0]:
                    kept[f"{job.world.name}{job.name}"] = job.vector if job.chosen else slot.vector.detach().clone(), slot.fixed.clone()
            running.remove(slot)
            idle.append(slot)
        if options.verbose:
            emit(sys.stderr, running=len(running), waiting=len(waiting), ms=round(1000 * spent / max(1, ahead), 2), seconds=round(time.time() - begun, 1))
    for slot in running:
        job = slot.job
        if job.step not in job.looks:
            terms = look(slot, file, begun)
            results.append((job, terms))
        if job.kind == OUTLIER and job.seed == options.seeds[0]:
            kept[f"{job.world.name}{job.name}"] = slot.vector.detach().clone(), slot.fixed.clone()
    emit(file, event="end", seconds=round(time.time() - begun, 1), left=[f"{job.world.name}{job.name} {job.seed}" for job in waiting],
         cut=[f"{slot.world.name}{slot.job.name} {slot.job.seed} at {slot.job.step}" for slot in running])
    for world in (colour, grey):
        tensors = {}
        for key, weights in world.models.items():
            tensors.update(world.flow.save(*weights, prefix=f"{key}/"))
        if tensors:
            write_tensors(out / f"{world.name}general.safetensors", tensors)
    limit = 7
    keys = list(kept)
    for number, first in enumerate(range(0, min(len(keys), 3 * limit), limit)):
        tensors = {}
        for key in keys[first : first + limit]:
            world = colour if key.startswith("colour-") else grey
            tensors.update(world.flow.save(*kept[key], prefix=f"{key}/"))
        write_tensors(out / f"tuned-{number}.safetensors", tensors)
    np.savez_compressed(out / "terms.npz", **{
        f"{job.world.name}{job.name}/{job.seed}/{name}": values.astype(np.float32) for job, terms in results for name, values in terms.items()
    })


def shrink(options):
    """Writes general-box.npy and general-lanczos.npy: the general images made smaller by other kernels than Outglow's."""
    folder = pathlib.Path(options.images)
    pixels = torch.tensor(np.load(folder / "general-64.npy"))
    for kernel in KERNELS:
        np.save(folder / f"general-{kernel}.npy", shrunk(pixels, kernel).numpy())


def load_weights(flow, location):
    path, _, prefix = location.partition("#")
    return flow.load(read_tensors(path), prefix)


def softened(pixels):
    """Every pixel and its neighbours weighed 1, 2, 1, both ways."""
    x = functional.pad(pixels.float(), (1, 1, 1, 1), mode="replicate")
    x = (x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]) / 4
    return (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4


def altered(options):
    folder, flow, to_bytes = pathlib.Path(options.images), Flow(), lambda x: x.round().clamp(0, 255).to(torch.uint8)
    general, normal = (load_weights(flow, path) for path in (options.general_weights, options.normal_weights))
    read = lambda name: torch.tensor(np.load(folder / f"{name}.npy")[: options.limit])
    photographs, digits = read("normal-test"), read("mnist-m")
    sets = {
        "normal": photographs,
        "MNIST-M": digits,
        "MNIST-M, softened": to_bytes(softened(digits)),
        "CIFAR-10, sharpened": to_bytes(2 * photographs.float() - softened(photographs)),
        "CIFAR-10, softened": to_bytes(softened(photographs)),
        "CIFAR-100": read("cifar-100"),
        "digits in grey": read("grey-mnist").expand(-1, 3, -1, -1),
        "clothes in grey": read("grey-normal-test").expand(-1, 3, -1, -1),
    }

    def edges(pixels):
        x = pixels.float()
        return (4 * x - x.roll(1, 2) - x.roll(-1, 2) - x.roll(1, 3) - x.roll(-1, 3))[..., 1:-1, 1:-1].square().mean((1, 2, 3)).sqrt().numpy()

    @torch.no_grad()
    def terms(weights, pixels):
        return torch.cat([flow.terms(*weights, data_of(part.float(), 0.5)) for part in pixels.split(125)]).numpy()

    own = {name: terms(normal, pixels) for name, pixels in sets.items()}
    apart = {name: own[name] - terms(general, pixels) for name, pixels in sets.items()}
    scores = {"ratio": lambda n: -apart[n].sum(1), "final scale": lambda n: -own[n][:, -1], "ratio of the final scale": lambda n: -apart[n][:, -1],
              "edges alone": lambda n: edges(sets[n])}
    for name in sets:
        if name != "normal":
            emit(sys.stdout, set=name, **{score: round(auroc(of("normal"), of(name)), 3) for score, of in scores.items()})
    others = {name: np.load(folder / f"{name}.npy")[: options.limit] for name in ("general", *(f"general-{kernel}" for kernel in KERNELS))}
    emit(sys.stdout, edges={name: round(float(np.median(edges(torch.as_tensor(pixels)))), 1) for name, pixels in {**sets, **others}.items()})


def compare(options):
    """Prints the largest difference of terms, loss and gradients between Outglow, the plain PyTorch model and the fast form."""
    found = read_tensors(options.found)
    flow = Flow(channels=found["x"].shape[1])
    general, normal = (load_weights(flow, path) for path in (options.general_weights, options.normal_weights))
    x, outliers = torch.tensor(np.array(found["x"])), torch.tensor(np.array(found["outliers"]))
    weight, temperature = (float(found[name]) for name in ("weight", "temperature"))
    priors = torch.tensor([0.5 * math.log(2 * math.pi) * math.prod(shape) for _, name, shape in flow.trained if name == "prior.bias"])
    plain = {name: flow.yardstick(*weights) for name, weights in (("general", general), ("normal", normal))}
    difference = lambda a, b: {"largest": float((a - b).abs().max()), "relative": float((a - b).norm() / b.norm())}
    with torch.no_grad():
        for name, weights in (("general", general), ("normal", normal)):
            theirs = torch.tensor(np.array(found[f"terms.{name}"]))
            emit(sys.stdout, what=f"terms of the {name} model", scales=theirs.mean(0).tolist(), plain=difference(plain[name](x) - priors, theirs),
                 fast=difference(flow.terms(*weights, x), theirs))
    vector = normal[0].clone().requires_grad_()
    with torch.no_grad():
        reference = flow.terms(*general, outliers).sum(1)
    for form, terms in (("fast", lambda images: flow.terms(vector, normal[1], images)), ("plain", lambda images: plain["normal"](images) - priors)):
        for floor in (5, None):
            d = terms(outliers).sum(1) - reference
            loss = -terms(x).sum(1).mean() + penalty(d, weight, temperature, ENDLESS if floor is None else floor).mean()
            if floor is None:
                emit(sys.stdout, what=f"loss without the floor, {form}", loss=float(loss))
                continue
            emit(sys.stdout, what=f"outlier loss, {form}", loss=float(loss), outglow=float(found["loss"]), difference=float(d.mean()),
                 outglowDifference=float(found["difference"]))
            if form == "fast":
                (gradient,) = torch.autograd.grad(loss, vector)
                theirs, _ = flow.load({name: np.array(array) for name, array in found.items() if name.startswith("gradient.")}, "gradient.", fixed=False)
                emit(sys.stdout, what="gradient, fast", norm=float(theirs.norm()), **difference(gradient, theirs))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("compare")
    for name in ("general_weights", "normal_weights", "found"):
        one.add_argument(name)
    verbs.add_parser("shrink").add_argument("images")
    another = verbs.add_parser("altered")
    for name in ("images", "general_weights", "normal_weights"):
        another.add_argument(name)
    another.add_argument("--limit", type=int, default=500, help="images a set")
    other = verbs.add_parser("study")
    for name in ("images", "out"):
        other.add_argument(name)
    other.add_argument("--seconds", type=float, default=1e9)
    other.add_argument("--together", type=int, default=12)
    other.add_argument("--chunk", type=int, default=100)
    other.add_argument("--scale", type=float, default=1)
    other.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    other.add_argument("--limit", type=int, default=2000, help="test images a set")
    other.add_argument("--only", nargs="*")
    other.add_argument("--general", nargs="*", help="NAME=FILE[#PREFIX] of a general model that is there already")
    other.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    {"compare": compare, "shrink": shrink, "altered": altered, "study": study}[options.verb](options)


if __name__ == "__main__":
    main()
