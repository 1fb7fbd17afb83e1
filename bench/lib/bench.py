"""What the benchmarks share: rounds and their medians, a private server, the updates, a fit.

A benchmark compares things that were measured in one run, in turns (A B C A B C), and prints the median
of the rounds with the smallest and the largest. A ratio is formed within a round before the median is
taken: what slows the machine down for a while slows both down.
"""

import argparse
import concurrent.futures
import contextlib
import json
import math
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "bench"
CPUS = sorted(os.sched_getaffinity(0))
KEY = "app-1:4242:9f8e7d6c5b4a:work"


# Arguments and the start of a script.

def number(least):
    """A whole number of at least so much, as a type of argparse."""
    def parse(text):
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"'{text}': expected a whole number from {least}")
        return int(text)
    return parse


def numbers(least):
    """Several of them: 1,10,100."""
    def parse(text):
        return [number(least)(one) for one in text.split(",")]
    return parse


def parser(doc, rounds=5):
    """With the options that all have; what stands in the script's first lines is its help."""
    ret = argparse.ArgumentParser(prog=name(), description=doc,
                                  formatter_class=argparse.RawDescriptionHelpFormatter,
                                  allow_abbrev=False)
    ret.add_argument("--rounds", type=number(1), default=rounds, help=f"default {rounds}")
    ret.add_argument("--quick", action="store_true", help="tiny sizes and one round, to see that it works")
    return ret


def main(run):
    """Runs run(). Servers and directories go also when it is interrupted; a message, no traceback.
    afterkill keeps its runs, as it does by itself, but in a directory that goes, too."""
    def stop(signum, _frame):
        raise SystemExit(128 + signum)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop)
    try:
        with directory() as kept:
            os.environ["AFTERKILL_RESULTS"] = str(kept)
            run()
    except subprocess.CalledProcessError as error:
        text = (error.stderr or "").strip()
        sys.exit(f"{name()}: '{' '.join(map(str, error.cmd))}' ended with status {error.returncode}"
                 + (f":\n{text}" if text else ""))
    except (OSError, RuntimeError) as error:
        sys.exit(f"{name()}: {error}")


def name():
    return "bench/" + pathlib.Path(sys.argv[0]).name


def build(programs=()):
    """Builds, unless AFTERKILL names a program and the others are there."""
    if not os.environ.get("AFTERKILL") or not all((ROOT / "build/bench" / one).exists() for one in programs):
        progress("building")
        subprocess.run([ROOT / "tools/setup", "bench"], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.environ.setdefault("AFTERKILL_SCENARIOS", str(ROOT / "scenarios"))


def afterkill():
    return os.environ.get("AFTERKILL") or str(ROOT / "build/harness/afterkill")


def program(which):
    return str(ROOT / "build/bench" / which)


def progress(text):
    print(f"{name()}: {text}", file=sys.stderr, flush=True)


# Running things.

@contextlib.contextmanager
def started(argv, out, err):
    """A program that runs meanwhile. If we are interrupted it is asked to end, and cleans up itself."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()
            child.wait()


def ended(child, argv, out, err, statuses):
    """Its standard output, if its exit status is one of these."""
    out.seek(0)
    err.seek(0)
    if child.returncode not in statuses:
        raise subprocess.CalledProcessError(child.returncode, argv, stderr=err.read())
    return out.read()


def output(argv, statuses=(0,), cpu=None):
    """Standard output of a program, perhaps on one CPU."""
    argv = (["taskset", "-c", str(cpu)] if cpu is not None else []) + [str(word) for word in argv]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with started(argv, out, err) as child:
            child.wait()
        return ended(child, argv, out, err, statuses)


def on_each(cpus, run):
    """The sum of run(cpu), made at the same time on all these CPUs."""
    with concurrent.futures.ThreadPoolExecutor(len(cpus)) as pool:
        return sum(pool.map(run, cpus))


def run_afterkill(scenario, *options, cpu=None):
    """The JSON of a run. That an expectation is not met (1) is no matter here, a failure is."""
    return json.loads(output([afterkill(), "run", scenario, "--format", "json", *options], (0, 1), cpu))


def option_exists(option):
    return option in output([afterkill(), "run", "--help"])


def attempts(kills):
    """Those that were made; `requested` may be more."""
    return sum(kills[word] for word in ("valid", "missed", "early", "timeouts", "errors", "disturbed"))


def strategy_of(run, which):
    return next(one for one in run["strategies"] if one["name"] == which)


def watch(argv):
    """Runs afterkill; returns seconds, the peak of its resident memory plus that of its largest lane (kB;
    both may grow, and either alone could hide it), and its standard output.

    VmHWM only grows, so looking at it now and then misses nothing but the very end. Workers are copies
    of their lane, so lanes stand for them; servers do not count."""
    own, lane, start = 0, 0, time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with started(argv, out, err) as child:
            while child.poll() is None:
                own = max(own, high_water(child.pid))
                lane = max([lane, *map(high_water, children_of(child.pid))])
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(0.02)
            seconds = time.monotonic() - start
        return seconds, own + lane, ended(child, argv, out, err, (0, 1))


def children_of(pid):
    try:
        return [int(one) for one in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError: # gone, or a kernel without this file
        return [int(one) for one in subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE,
                                                   text=True, check=False).stdout.split()]


def high_water(pid):
    """Of a process that is afterkill's; 0 of others."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if not fields["Name"].strip().startswith(pathlib.Path(afterkill()).name[:15]):
        return 0
    return int(fields.get("VmHWM", "0 kB").split()[0])


@contextlib.contextmanager
def directory():
    path = pathlib.Path(tempfile.mkdtemp(prefix="afterkill_bench."))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def server(cpu):
    """A redis-server as a lane has it: on a unix socket, nothing persisted, pinned, second on its CPU.
    Yields the socket's path."""
    with directory() as home:
        path = home / "redis.sock"
        binary = shutil.which("redis-server") or shutil.which("valkey-server")
        if not binary:
            raise RuntimeError("there is no redis-server on the PATH")
        argv = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", str(cpu), binary, "--port", "0",
                "--unixsocket", path, "--unixsocketperm", "700", "--save", "", "--appendonly", "no",
                "--daemonize", "no", "--dir", home, "--logfile", home / "redis.log"]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while not path.exists() or "PONG" not in subprocess.run(
                    ["redis-cli", "-s", path, "PING"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    text=True, check=False).stdout:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("redis-server did not start")
                time.sleep(0.005)
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + 10)
            yield str(path)
        finally:
            process.kill()
            process.wait()


# The updates, as others than afterkill make them.

SCRIPT = ('redis.call("UNLINK", KEYS[1]) redis.call("HSET", KEYS[1], unpack(ARGV, 2)) '
          'redis.call("EXPIRE", KEYS[1], ARGV[1])')


def sidekiq_updates(jobs=25, size=560):
    """sidekiq_busy's updates: name -> (manner, commands). Plain letters instead of JSON, of the same
    length. Manner: `wait` for each reply, `each` command in its own write, all in `one` write."""
    rows = [(f"{47368 + 20 * i:x}", "x" * size) for i in range(1, jobs + 1)]
    unlink, expire = ("UNLINK", KEY), ("EXPIRE", KEY, "60")
    single = [unlink, *[("HSET", KEY, *row) for row in rows], expire]
    batched = [unlink, ("HSET", KEY, *[word for row in rows for word in row]), expire]
    return {
        "per-field": ("wait", single),
        "per-write": ("each", single),
        "pipelined": ("one", single),
        "batched": ("wait", batched),
        "batched-multi": ("one", [("MULTI",), *batched, ("EXEC",)]),
        "script": ("wait", [("EVAL", SCRIPT, "1", KEY, "60", *batched[1][2:])]),
    }


def resp(commands):
    def words(command):
        return f"*{len(command)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in command)
    return "".join(map(words, commands))


def write_updates(home, updates, before):
    """A file per update, a command per line, its words separated by tabs; NAME.resp as it is sent.
    `before` is what makes the old state."""
    for which, commands in [*((n, c) for n, (_, c) in updates.items()), ("before", before)]:
        (home / which).write_text("".join("\t".join(words) + "\n" for words in commands))
        (home / f"{which}.resp").write_text(resp(commands))


# Numbers.

def spread(values, form="{:.2f}"):
    """Median, and in brackets the smallest and the largest."""
    one = form.format
    if not values:
        return "not known"
    return f"{one(statistics.median(values))} [{one(min(values))}, {one(max(values))}]"


def ratios(above, below):
    """Round by round."""
    return [a / b for a, b in zip(above, below)]


def exponent(xs, ys):
    """Of y = c x^e, by least squares on the logarithms; None if there are not two points."""
    points = [(math.log(x), math.log(y)) for x, y in zip(xs, ys) if x > 0 and y > 0]
    if len({x for x, _ in points}) < 2:
        return None
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    return (sum((x - mean_x) * (y - mean_y) for x, y in points)
            / sum((x - mean_x) ** 2 for x, _ in points))


def at_most(k, n, p):
    """The probability of at most k of n."""
    if k < 0:
        return 0.0
    term = n * math.log1p(-p)
    total = math.exp(term)
    for i in range(1, k + 1):
        term += math.log((n - i + 1) / i) + math.log(p) - math.log1p(-p)
        total += math.exp(term)
    return min(total, 1.0)


def bisect(low, high, is_low):
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if is_low(middle) else (low, middle)
    return (low + high) / 2


def interval(k, n, confidence=0.95):
    """Clopper and Pearson's."""
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else bisect(0, 1 - 1e-12, lambda p: 1 - at_most(k - 1, n, p) < tail)
    high = 1.0 if k == n else bisect(0, 1 - 1e-12, lambda p: at_most(k, n, p) > tail)
    return low, high


# What is printed.

def first_line(argv):
    try:
        lines = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               check=False).stdout.splitlines()
        return lines[0] if lines else "unknown"
    except OSError:
        return "not there"


def header(question):
    """The question, and on what machine it is answered."""
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                if line.startswith("model name")), platform.machine())
    redis = first_line(["redis-server", "--version"]).split()
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{question}\n\n{len(CPUS)} x {cpu}, Linux {platform.release()}, "
          f"redis {next((one[2:] for one in redis if one.startswith('v=')), 'unknown')}, "
          f"{first_line([afterkill(), '--version'])}, {first_line(['cc', '--version'])}; load {load}\n",
          flush=True)


def table(heads, rows):
    """First column to the left, the others to the right."""
    cells = [list(map(str, row)) for row in [heads, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells)]
    for row in cells:
        print("  ".join(one.ljust(width) if i == 0 else one.rjust(width)
                        for i, (one, width) in enumerate(zip(row, widths))).rstrip())
    print(flush=True)


def goal(text, reached):
    print(f"goal: {text}: {'reached' if reached else 'NOT reached'}", flush=True)
