#!/usr/bin/env python3
"""Trains the study's adapters, has each answer the test's questions, and writes the answers.

    learn.py --data FOLDER --model FOLDER --out FOLDER [--device auto] [--seconds N] [--at-once N] [--keep FOLDER]

FOLDER of --data is what `prepare` wrote. The runs come in the order of its plan; what each answered is a line of runs.jsonl.gz in --out
as soon as it has, and a run that is there is not done again. The command ends by itself before --seconds are over: what does not fit is
left for the next time. It needs torch and transformers, no network, and nothing of retort.
"""
import argparse
import gzip
import json
import pathlib
import random
import subprocess
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import acts
import arms
from lora import Adapters

began = time.time()


class Clock:
    """What is left of the time, and whether a part fits that is like the last of its kind."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.last = {}

    def left(self):
        return self.seconds - (time.time() - began)

    def fits(self, kind, size):
        """A part of which nothing is known fits. Many at once take little more time than few: 10 runs took 70 s, 20 of them 109 s."""
        known, seconds = self.last.get(kind, (1, 0))
        return self.left() > 1.1 * seconds * (1 + size / known) / 2

    def took(self, kind, size, seconds):
        self.last[kind] = size, seconds


def say(text):
    line = f"{time.time() - began:6.0f} s  {text}"
    print(line, flush=True)
    if say.log:  # beside the results, whatever becomes of what is printed
        with open(say.log, "a") as log:
            log.write(line + "\n")


say.log = None


class Student:
    def __init__(self, folder, device, settings):
        self.device, self.settings = device, settings
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.end = self.tokenizer.convert_tokens_to_ids("<|im_end|>")
        kind = torch.bfloat16 if device == "cuda" else torch.float32  # a CPU is slower with the short one
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind).to(device).eval().requires_grad_(False)

    def prompt(self, messages):
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def example(self, messages):
        """Tokens, and how many of them are the prompt's, which nobody learns."""
        prompt = self.prompt(messages[:-1])
        answer = self.tokenizer(messages[-1]["content"], add_special_tokens=False)["input_ids"] + [self.end]
        return (prompt + answer)[: self.settings["max_tokens"]], len(prompt)

    # Training

    def loss(self, batch):
        """Of each adapter, the mean over its answers' tokens. batch: a list of examples for each adapter, equally many."""
        flat = [example for examples in batch for example in examples]
        width = max(len(tokens) for tokens, _ in flat)
        ids = torch.full((len(flat), width), self.end)
        seen = torch.zeros(len(flat), width, dtype=torch.long)
        for row, (tokens, _) in enumerate(flat):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            seen[row, : len(tokens)] = 1
        hidden = self.model.model(input_ids=ids.to(self.device), attention_mask=seen.to(self.device), use_cache=False).last_hidden_state
        places = [(row, place) for row, (tokens, start) in enumerate(flat) for place in range(start - 1, len(tokens) - 1)]
        rows = torch.tensor([row for row, _ in places], device=self.device)
        columns = torch.tensor([place for _, place in places], device=self.device)
        targets = torch.tensor([flat[row][0][place + 1] for row, place in places], device=self.device)
        logits = self.model.lm_head(hidden[rows, columns]).float()
        each = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        owner = rows // len(batch[0])
        zero = torch.zeros(len(batch), device=self.device)
        return zero.index_add(0, owner, each) / zero.index_add(0, owner, torch.ones_like(each))

    def train(self, runs, rows):
        """Adapters for runs, each on its rows, and how the loss of each fell."""
        adapters = Adapters(self.model, [run["seed"] for run in runs])
        try:
            return adapters, self.trained(adapters, runs, rows)
        except torch.OutOfMemoryError:
            adapters.remove()
            raise

    def trained(self, adapters, runs, rows):
        settings, steps, size = self.settings, self.settings["steps"], self.settings["batch"]
        optimizer = adapters.optimizer(settings["rate"], settings["ratio"])
        warm = max(1, round(0.03 * steps))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm)))
        streams = [self.stream(run, rows[run["id"]]) for run in runs]
        curves = []
        for step in range(steps):
            losses = self.loss([[next(stream) for _ in range(size)] for stream in streams])
            losses.sum().backward()
            adapters.clip(1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            curves.append(losses.detach())
            if (step + 1) % max(1, steps // 5) == 0:
                say(f"  step {step + 1} of {steps}: loss {losses.mean().item():.3f}")
        return torch.stack(curves).T.tolist()

    def stream(self, run, rows):
        """Examples without end, in an order that the run's seed draws; one pass after the other."""
        order, examples = random.Random(run["seed"]), {}
        while True:
            passing = list(range(len(rows)))
            order.shuffle(passing)
            for index in passing:
                if index not in examples:
                    examples[index] = self.example(rows[index])
                yield examples[index]

    # Answering

    @torch.no_grad()
    def answer(self, prompts, most, at_once, stop=None):
        """Greedy answers. prompts: a list of token lists for each adapter, equally many; answers in the same form.
        stop: a test on the text so far that ends an answer early."""
        adapters, count = len(prompts), len(prompts[0])
        each = max(1, min(count, at_once // adapters))
        order = sorted(range(count), key=lambda place: max(len(one[place]) for one in prompts))
        answers = [[None] * count for _ in prompts]
        while order:
            places = order[:each]
            try:
                texts = self.batch([one[place] for one in prompts for place in places], adapters, most, stop)
            except torch.OutOfMemoryError:
                if each == 1:
                    raise
                each //= 2
                torch.cuda.empty_cache()
                say(f"  memory is short: {each * adapters} answers at once")
                continue
            for index, text in enumerate(texts):
                answers[index // len(places)][places[index % len(places)]] = text
            order = order[each:]
        return answers

    def left_padded(self, flat):
        width = max(map(len, flat))
        ids = torch.tensor([[self.end] * (width - len(tokens)) + tokens for tokens in flat], device=self.device)
        seen = torch.tensor([[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in flat], device=self.device)
        return ids, seen, (seen.cumsum(1) - 1).clamp(min=0)

    def batch(self, flat, adapters, most, stop):
        """flat: the prompts of one adapter after those of the other. A place that every adapter is done with goes out of the batch."""
        ids, seen, places = self.left_padded(flat)
        done = torch.tensor([len(tokens) == 1 for tokens in flat], device=self.device)  # one that only fills up
        going = torch.arange(len(flat), device=self.device)
        made = torch.full((len(flat), most), self.end, device=self.device)
        cache = None
        for step in range(most):
            out = self.model(input_ids=ids, attention_mask=seen, position_ids=places, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = out.past_key_values
            token = out.logits[:, -1].argmax(-1)
            token[done] = self.end
            made[going, step] = token
            done |= token == self.end
            ids, places = token[:, None], places[:, -1:] + 1
            seen = torch.cat([seen, torch.ones_like(ids)], 1)
            if step % 16 == 15:
                if stop is not None:
                    done |= torch.tensor([stop(text) for text in self.texts(made[going, : step + 1])], device=self.device)
                if bool(done.all()):
                    break
                open_places = (~done).view(adapters, -1).any(0)
                if int(open_places.sum()) <= 0.75 * len(open_places):
                    kept = torch.arange(len(done), device=self.device).view(adapters, -1)[:, open_places].flatten()
                    cache.batch_select_indices(kept)
                    ids, places, seen, done, going = ids[kept], places[kept], seen[kept], done[kept], going[kept]
        return self.texts(made)

    def texts(self, made):
        rows = made.tolist()
        return self.tokenizer.batch_decode([row[: row.index(self.end)] if self.end in row else row for row in rows])

    @torch.no_grad()
    def verdicts(self, prompts, at_once):
        """Whether "true" is likelier than "false" at the end of each prompt."""
        yes, no = (self.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in ("true", "false"))
        adapters, count = len(prompts), len(prompts[0])
        each = max(1, min(count, at_once // adapters))
        found = [[None] * count for _ in prompts]
        order = sorted(range(count), key=lambda place: max(len(one[place]) for one in prompts))
        for start in range(0, count, each):
            places = order[start : start + each]
            ids, seen, positions = self.left_padded([one[place] for one in prompts for place in places])
            logits = self.model(input_ids=ids, attention_mask=seen, position_ids=positions, logits_to_keep=1).logits[:, -1]
            for index, said in enumerate((logits[:, yes] > logits[:, no]).tolist()):
                found[index // len(places)][places[index % len(places)]] = "true" if said else "false"
        return found


class Study:
    def __init__(self, args):
        self.args = args
        self.data, self.out = pathlib.Path(args.data), pathlib.Path(args.out)
        self.keep = pathlib.Path(args.keep or args.out) / "adapters"
        self.keep.mkdir(parents=True, exist_ok=True)
        self.out.mkdir(parents=True, exist_ok=True)
        say.log, self.results = self.out / "log.txt", self.out / "runs.jsonl.gz"
        self.runs = self.read_runs()
        self.plan = json.loads((self.data / "plan.json").read_text())
        self.test = [json.loads(line) for line in (self.data / "test.jsonl").read_text().splitlines()]
        self.systems = self.plan["systems"]
        self.curve, self.candidates = (self.zipped(name) for name in ("curve", "candidates"))
        self.judged = next((path for path in (self.data / "judged.jsonl", self.out / "judged.jsonl") if path.exists()), self.out / "judged.jsonl")
        device = args.device if args.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        self.at_once = args.at_once or (2048 if device == "cuda" else 32)
        self.together = 20 if device == "cuda" else 1
        self.clock = Clock(args.seconds)
        if device == "cpu":
            torch.set_num_threads(args.threads)
        self.student = Student(args.model, device, self.plan["settings"])
        say(f"{device}, {torch.__version__}, {len(self.test)} questions to answer")

    def zipped(self, name):
        with gzip.open(self.data / f"{name}.jsonl.gz", "rt") as file:
            return [json.loads(line) for line in file]

    def read_runs(self):
        """By their names; of several lines about a run the last one counts. A line that was cut short ends the file."""
        found = {}
        try:
            with gzip.open(self.results, "rt") as file:
                for value in map(json.loads, file):
                    found[value["run"]["id"]] = value
        except FileNotFoundError:
            pass
        except (EOFError, ValueError):
            say("the last line of an earlier time was cut short, and is left out")
            self.results.rename(self.results.with_suffix(".cut"))
            for value in found.values():
                self.append(value)
        return found

    def append(self, value):
        with gzip.open(self.results, "at") as file:
            file.write(json.dumps(value) + "\n")

    def write(self, value):
        self.runs[value["run"]["id"]] = value
        self.append(value)

    def rows(self, run):
        """The conversations of a run: four of each question."""
        if run["arm"] == "curve":
            chosen = self.curve
        else:
            chosen = [arms.choose(run["arm"], four, self.rewards, run["seed"]) for four in arms.offered(self.candidates, run["dose"])]
        return [messages for one in chosen if one["place"] < run["questions"] for messages in arms.examples(one["place"], one["examples"], run["seed"])]

    # The reward model, which needs the device too

    def judge(self):
        """Begins to have the candidates judged, where they are not."""
        self.rewards, self.judging = None, None
        needed = any(run["arm"] in arms.REWARDED for stage in self.plan["stages"] for run in stage["runs"])
        if needed and not self.judged.exists():
            command = [sys.executable, pathlib.Path(__file__).parent / "judge.py", self.data, self.args.model, self.out, self.keep.parent, self.student.device]
            self.judging = subprocess.Popen(command)

    def wait_for_rewards(self):
        """False where there are none in time."""
        if self.judging is not None:
            try:
                self.judging.wait(timeout=max(1, self.clock.left()))
            except subprocess.TimeoutExpired:
                self.judging.kill()
            self.judging = None
        if self.judged.exists():
            self.rewards = {row["id"]: row for row in map(json.loads, self.judged.read_text().splitlines())}
        return self.rewards is not None

    def perform(self, runs):
        """Trains and asks what is left of runs. False when the time is over."""
        runs = [run for run in runs if run["id"] not in self.runs]
        while runs:
            part, kind = runs[: self.together], runs[0]["arm"] if runs[0]["arm"] in ("base", "curve") else "arms"
            if not self.clock.fits(kind, len(part)):
                return False
            start = time.time()
            say(f"{len(part)} runs: {', '.join(run['id'] for run in part)}")
            if part[0]["questions"]:
                try:
                    adapters, curves = self.student.train(part, {run["id"]: self.rows(run) for run in part})
                except torch.OutOfMemoryError:
                    if self.together == 1:
                        raise
                    self.together //= 2
                    torch.cuda.empty_cache()
                    say(f"  memory is short: {self.together} adapters at once")
                    continue
            else:  # the base model
                adapters, curves = Adapters(self.student.model, [0]), [[]]
            trained = time.time() - start
            self.ask(part, curves, trained)
            for run, state in zip(part, adapters.state()):
                torch.save(state, self.keep / f"{run['id']}.pt")
            adapters.remove()
            self.clock.took(kind, len(part), time.time() - start)
            runs = [run for run in runs if run["id"] not in self.runs]
        return True

    def ask(self, runs, curves, trained):
        """The first of what the test asks: what a run is held to."""
        answers = {act: self.listed(act, len(runs)) for act in (("conditions", "statements") if runs[0]["arm"] in ("curve", "base") else ("statements",))}
        for index, run in enumerate(runs):
            value = {"run": run, "losses": curves[index], "train_s": trained, "quick": {}}
            for act, said in answers.items():
                value[act], value["quick"][act] = said[index], self.quick(act, said[index])
            self.write(value)
            say(f"  {run['id']}: " + ", ".join(f"F1 of {act} {found:.3f}" for act, found in value["quick"].items()))

    def listed(self, act, adapters):
        """For each adapter and question the list that was said, or the text that was none."""
        prompts = [self.student.prompt(row[act]) for row in self.test]
        said = self.student.answer([prompts] * adapters, self.plan["settings"]["most_new"][act], self.at_once)
        return [[found if (found := acts.texts(text)) is not None else text for text in one] for one in said]

    def quick(self, act, said):
        return mean(self.quick_scores(act, said))

    def quick_scores(self, act, said):
        threshold = {"conditions": 0.95, "statements": 0.9}[act]
        known = [row["gold"]["question_parsing"] if act == "conditions" else [step["statement"] for step in row["gold"]["cot_parsing"]] for row in self.test]
        return [acts.f1(one if isinstance(one, list) else [], gold, threshold) for one, gold in zip(said, known)]

    def explain(self, runs):
        """Evidence and verdicts of runs that have only statements so far. False when the time is over."""
        runs = [run for run in runs if (self.keep / f"{run['id']}.pt").exists() and "explained" not in self.runs[run["id"]]]
        together = 8 if self.together > 1 else 1
        for start in range(0, len(runs), together):
            part = runs[start : start + together]
            if not self.clock.fits("explained", len(part)):
                return False
            start_time = time.time()
            say(f"evidence and verdicts of {', '.join(run['id'] for run in part)}")
            adapters = Adapters(self.student.model, [0] * len(part))
            adapters.load([torch.load(self.keep / f"{run['id']}.pt", weights_only=True) for run in part])
            self.explain_together(part)
            adapters.remove()
            self.clock.took("explained", len(part), time.time() - start_time)
        return True

    def explain_together(self, runs):
        student, most = self.student, self.plan["settings"]["most_new"]
        written = [self.runs[run["id"]] for run in runs]
        if any("conditions" not in value for value in written):
            for value, said in zip(written, self.listed("conditions", len(runs))):
                value["conditions"], value["quick"]["conditions"] = said, self.quick("conditions", said)
        steps = [[(row, step) for row, one in zip(self.test, value["statements"]) for step in self.first_steps(one, row)] for value in written]
        count = max(1, max(map(len, steps)))

        def asked(prompt_of):
            """Tokens for each adapter, filled up to equally many."""
            lists = [[prompt_of(index, place) for place in range(len(one))] for index, one in enumerate(steps)]
            return [one + [[student.end]] * (count - len(one)) for one in lists]

        def begun(messages, record):
            return student.prompt(messages) + student.tokenizer(record, add_special_tokens=False)["input_ids"]

        def evidence(index, place):
            row, step = steps[index][place]
            record = f'{{"statement":{json.dumps(step, ensure_ascii=False)},"evidence":"'
            return begun(acts.evidence_prompt(self.systems["verification"], row["statements"], step), record)

        said = student.answer(asked(evidence), most["evidence"], self.at_once // 2, stop=lambda text: acts.quoted(text) is not None)
        found = [[acts.quoted(text) or "" for text in one] for one in said]

        def verdict(index, place):
            row, step = steps[index][place]
            record = json.dumps({"statement": step, "evidence": found[index][place]}, ensure_ascii=False, separators=(",", ":"))[:-1]
            prompt = acts.verdict_prompt(self.systems["verification"], row["statements"], step, found[index][place])
            return begun(prompt, record + ',"Verification":"')

        verdicts = student.verdicts(asked(verdict), self.at_once // 2)
        for index, (run, value) in enumerate(zip(runs, written)):
            parsings = {}
            for (row, step), text, verdict_said in zip(steps[index], found[index], verdicts[index]):
                parsings.setdefault(row["id"], []).append({"statement": step, "evidence": text, "Verification": verdict_said})
            value["explained"] = parsings
            self.write(value)

    def first_steps(self, answer, row):
        """The statements that are asked about: no more than twice the known ones, since a model that repeats itself never ends."""
        return (answer if isinstance(answer, list) else [])[: 2 * len(row["gold"]["cot_parsing"])]

    # The order of the study

    def gate(self, stage):
        """The smallest dose at which the control separates, by the quick scores; None where it does at none."""
        for dose in stage["doses"]:
            differences = []
            for seed in stage["seeds"]:
                good, bad = (f"{arm}-{seed}" for arm in ("gold", f"random-{dose}"))
                if not all(name in self.runs for name in (good, bad)):
                    return None
                differences.append([self.by_question(good), self.by_question(bad)])
            low = interval(differences)[0]
            say(f"control at {dose} %: the difference is at least {low:.3f}")
            if low > 0:
                return dose
        return None

    def by_question(self, name):
        return self.quick_scores("statements", self.runs[name]["statements"])

    def size(self, stage):
        """The largest size that is below saturation."""
        means = {}
        for size in stage["sizes"]:
            found = [self.runs[run["id"]]["quick"]["statements"] for run in stage["runs"] if run["questions"] == size]
            means[size] = mean(found)
        full = means[max(means)]
        below = [size for size in stage["choose_from"] if means[size] <= stage["share"] * full]
        chosen = max(below) if below else min(stage["choose_from"])
        say(f"statement F1 by size: {', '.join(f'{size}: {found:.3f}' for size, found in means.items())}; the study takes {chosen}")
        return chosen

    def study(self):
        decided = {"device": self.student.device, "torch": torch.__version__}
        self.judge()
        done = True
        for stage in self.plan["stages"]:
            runs = [dict(run, questions=decided["size"]) if run["questions"] is None else run for run in stage["runs"]]
            if stage.get("dose_of_control"):
                if runs and not self.wait_for_rewards():
                    say("there are no rewards: the arms that go by them are left out")
                    runs = [run for run in runs if run["arm"] not in arms.REWARDED]
                if not decided.get("dose"):
                    say(f"{stage['name']}: the control did not separate, so that no filter is tried")
                runs = [run for run in runs if run["dose"] in (decided.get("dose"), *stage["also"])] if decided.get("dose") else []
            done = self.perform(runs) and done
            if not done:
                say(f"{stage['name']}: the time is over")
                break
            if stage.get("sizes"):
                decided["size"] = self.size(stage)
            if stage.get("doses"):
                decided["dose"] = self.gate(stage)
            (self.out / "decided.json").write_text(json.dumps(decided, indent=1) + "\n")
        everything = [run for stage in self.plan["stages"] for run in stage["runs"] if run["id"] in self.runs]
        explained = self.explain(sorted(everything, key=lambda run: run.get("rank", 9)))
        decided["complete"] = bool(done and explained)
        decided["seconds"] = round(time.time() - began)
        (self.out / "decided.json").write_text(json.dumps(decided, indent=1) + "\n")
        say("all done" if decided["complete"] else "done what fitted; the same command goes on")
        print(json.dumps(decided))


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def interval(pairs, draws=2000):
    """95 % of the mean difference, drawn over seeds and questions."""
    difference = torch.tensor(pairs, dtype=torch.float64)
    difference = difference[:, 0] - difference[:, 1]
    chance = torch.Generator().manual_seed(0)
    seeds = torch.randint(len(difference), (draws, len(difference)), generator=chance)
    questions = torch.randint(difference.shape[1], (draws, difference.shape[1]), generator=chance)
    means = torch.stack([difference[one][:, two].mean() for one, two in zip(seeds, questions)])
    return means.quantile(0.025).item(), means.quantile(0.975).item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--seconds", type=float, default=21600)
    parser.add_argument("--at-once", type=int, help="answers that are written at once; default 2048 on CUDA, 32 on a CPU")
    parser.add_argument("--keep", help="where the adapters are kept, 10 MB each; default --out")
    parser.add_argument("--threads", type=int, default=2)
    Study(parser.parse_args()).study()
