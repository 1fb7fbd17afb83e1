#!/usr/bin/env python3
"""A second opinion on the verdicts of afterkill, by somebody who has not read how it makes them.

Draws random updates, has afterkill judge every crash point of them, computes the same from the words
of docs/scenarios.md, on a Redis of its own and with plain commands, and compares point by point. A
scenario holds PER cases, one strategy each; the marked one, or the last, is the reference.

A state is a bag of atoms (key, type, place, value). Where the words leave room, they are read like this:

 1. Copies count. Of n copies of an atom in the residue the first `least`, which both controls have, are
    right, and `lost` where they are missing; those up to `most` are in one control; more of them are
    `duplicated`, or, where neither control has any, `leaked`.
 2. `mixed` looks at the copies that one control has: one that is there speaks for that control, one that
    is missing for the other. Where both are spoken for, the residue is mixed. (A job that is taken from
    the queue and never noted, in docs/scenarios.md.) No other word silences `mixed`.
 3. A place has one value: a string, a field, a score, an index of an ordered list, how far a group has
    read. A value that neither control has is `mixed`, and not `leaked`, if a control has the place, and
    what it has driven out is not `lost`. A key of another type is another place.
 4. Entries have no ids. An id stands for how many of the stream's entries come before it: so does the
    position of a group, and that of a deleted entry that is still pending. A pending entry is an element,
    not a place.
 5. A stream makes an atom of its own only where it has nothing else, and that one is as good as any other:
    a stream that has an entry in both controls, and nothing in the residue, is `leaked` and `lost`.
 6. A gap is a part of the old state, or a part of the new one, in which an atom that both have is missing.
 7. Without a bound (neither the old state's key nor the reference's expires) any expiry is beyond it.
 8. A `recover` that fails leaves what it has done, and that is judged like any residue.
 9. Without a crash a strategy has to leave what the reference leaves; the old state will not do.
10. The bound of an expiry is that of the beginning at all moments, and a second and a tenth more. `stuck`
    counts where neither control is, by `alive` or by `recover`. At the last moment, after recovery, only what
    has an expiry goes once more.
11. What is left at the last moment that has a time is that in the controls, too: their lapse ends harm as well.
    Where nothing lapses, harm lasts until that moment, at which it was seen, and so 0 if it is moment 0.
12. An atom that both controls hold as often at the beginning makes nothing `mixed`, whatever takes it.
13. Refused is a scenario whose `recover` or `alive` fails after the old state or after the reference's
    completed update, and one with an update that sends nothing.
"""
import argparse
import atexit
import json
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter

PER = 5
KEYS = "abc"
# Words of a command that are drawn; K is its key. Some of the expiries are one moment together.
DRAWN = {"J": KEYS, "V": "12x", "F": "fg", "M": "mn", "S": "12", "I": ("1-1", "2-1", "3-1"), "G": "GGH", "C": "PPQ",
         "T": ("100", "100", "109", "120", "1000", "9000"), "P": ("100000", "1000000"), "B": ("0", "$", "2-1")}
COMMANDS = {
    "string": ["SET K V", "SET K V", "SET K V EX T", "SET K V NX", "SET K V KEEPTTL", "APPEND K V", "INCR K"],
    "hash": ["HSET K F V", "HSET K f V g V", "HDEL K F", "HINCRBY K F 1"],
    "set": ["SADD K M", "SADD K m n", "SREM K M", "SMOVE K J M"],
    "zset": ["ZADD K S M", "ZADD K S M", "ZREM K M", "ZINCRBY K 1 M"],
    "list": ["RPUSH K V", "LPUSH K V V", "LPOP K", "LREM K 1 V", "LMOVE K J LEFT RIGHT",
             "LMOVE K K LEFT RIGHT"],
    "stream": ["XADD K I M V", "XADD K I M V", "XADD K * M V", "XADD K MAXLEN 0 * M V", "XDEL K I",
               "XGROUP CREATE K G B", "XGROUP CREATE K G 0 MKSTREAM", "XGROUP SETID K G B", "XGROUP DESTROY K G",
               "XGROUP CREATECONSUMER K G C", "XGROUP DELCONSUMER K G C", "XACK K G I", "XACK K G I"]
              + ["XREADGROUP GROUP G C COUNT 1 STREAMS K >"] * 4,
    "any": ["DEL K", "EXPIRE K T", "EXPIRE K T", "PEXPIRE K P", "PERSIST K", "RENAME K J", "EXPIRE K -1"]}
TYPES = list(COMMANDS)[:6]
QUEUE = ["XADD a 1-1 m 1", "XGROUP CREATE a G 0", "XADD a 2-1 n 2", "XREADGROUP GROUP G P COUNT 1 STREAMS a >"]
ALIVE = ["SET K me NX", "GET K", "LPUSH K x", "HGET K f"]


# Redis, with nothing but plain commands.

class Redis:
    """A private server and a connection to it. An error reply is returned, as an Exception."""

    def __init__(self, program):
        where = tempfile.mkdtemp(prefix="oracle-")
        server = subprocess.Popen([program, "--port", "0", "--unixsocket", where + "/s", "--save", "",
                                   "--dir", where], stdout=subprocess.PIPE)
        atexit.register(lambda: (server.kill(), server.wait(), shutil.rmtree(where)))
        self.socket = socket.socket(socket.AF_UNIX)
        if not any(b"eady to accept connections" in line for line in server.stdout):
            sys.exit(f"{program} does not start")
        self.socket.connect(where + "/s")
        self.input = self.socket.makefile("rb")

    def do(self, *lines):
        """Sends commands at once and returns their replies, or the only one."""
        commands = [line.encode().split() for line in lines]
        self.socket.sendall(b"".join(b"*%d\r\n" % len(c) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in c)
                                     for c in commands))
        replies = [self.reply() for _ in commands]
        return replies if len(lines) > 1 else replies[0]

    def reply(self):
        line = self.input.readline().decode()
        kind, rest = line[0], line[1:-2]
        if kind == "*":
            return None if rest == "-1" else [self.reply() for _ in range(int(rest))]
        if kind == "$":
            return None if rest == "-1" else self.input.read(int(rest) + 2)[:-2].decode()
        return Exception(rest) if kind == "-" else int(rest) if kind == ":" else rest


def failed(reply):
    return isinstance(reply, Exception)


def pairs(flat):
    return list(zip(flat[::2], flat[1::2]))


def places(redis, key, kind, ordered):
    """What a key holds, as (place, value). What has no value is there or not, or several times."""
    if kind == "string":
        return [("string", redis.do("GET " + key))]
    if kind == "hash":
        return pairs(redis.do("HGETALL " + key))
    if kind == "zset":
        return pairs(redis.do(f"ZRANGE {key} 0 -1 WITHSCORES"))
    if kind == "set":
        return [(member, None) for member in redis.do("SMEMBERS " + key)]
    if kind == "list":
        entries = redis.do(f"LRANGE {key} 0 -1")
        return list(enumerate(entries)) if ordered else [(entry, None) for entry in entries]
    number = lambda id: tuple(map(int, id.split("-")))
    entries = {number(id): tuple(fields) for id, fields in redis.do(f"XRANGE {key} - +")}
    before = lambda id: sum(entry < id for entry in entries)
    found = [(("entry", fields), None) for fields in entries.values()]
    for group in map(dict, map(pairs, redis.do("XINFO GROUPS " + key))):
        name, (ms, seq) = group["name"], number(group["last-delivered-id"])
        found.append((("group", name), before((ms, seq + 1))))
        for consumer in map(dict, map(pairs, redis.do(f"XINFO CONSUMERS {key} {name}"))):
            found.append((("consumer", name, consumer["name"]), None))
        for id, consumer, *_ in redis.do(f"XPENDING {key} {name} - + 1000"):
            entry = entries.get(number(id), before(number(id)))
            found.append((("pending", name, consumer, entry), None))
    return found or [("empty", None)]


def look(redis, ordered=""):
    """The whole state as a bag of atoms, and the seconds that keys have left, if they expire."""
    bag, left = Counter(), {}
    for key in redis.do("KEYS *"):
        kind, ms = redis.do("TYPE " + key, "PTTL " + key)
        bag.update((key, kind, *place) for place in places(redis, key, kind, key == ordered))
        if ms >= 0:
            left[key] = -(-ms // 1000) if ms >= 2000 else -(-ms // 100) / 10
    return bag, left


# The words.

def with_expiries(state, bound):
    """The bag, each atom with the knowledge whether it expires, and whether within the bound."""
    bag, left, *_ = state
    in_time = lambda key: key in bound and left[key] <= bound[key] * 1.1 + 1
    expires = lambda key: key in left and ("in time" if in_time(key) else "too late")
    return Counter({(*atom, expires(atom[0])): n for atom, n in bag.items()})


def bound(*states):
    """How long keys may have to live, where they may expire at all."""
    return {key: max(left.get(key, 0) for _, left, *_ in states) for _, left, *_ in states for key in left}


def now(state, old, new):
    if state in (old, new):
        return "intact"
    missing = any(state[atom] < min(old[atom], new[atom]) for atom in old)
    return "gap" if missing and (state <= old or state <= new) else "torn"


def wrong(rest, old, new, alike):
    """What is wrong with a residue beside both controls. Atoms that are `alike` in both lapse when they like."""
    words, spoken_for = set(), set()
    at = lambda place, bag: {atom for atom in bag if atom[:3] == place}
    for atom in rest | old | new if rest not in (old, new) else ():
        n, least, most, place = rest[atom], min(old[atom], new[atom]), max(old[atom], new[atom]), atom[:3]
        if n > most:
            words.add("duplicated" if most else "mixed" if at(place, old | new) else "leaked")
        if n < least and not at(place, rest) - {atom}:
            words.add("lost")
        has, has_not = ("old", "new") if old[atom] > new[atom] else ("new", "old")
        if least < most and n > least and atom not in alike:
            spoken_for.add(has)
        if least < most and n < most and atom not in alike:
            spoken_for.add(has_not)
    return words | ({"mixed"} if len(spoken_for) == 2 else set())


def told(words):
    return "+".join(sorted(words)) or "clean"


# A scenario: drawn, written, judged.

class Scenario:
    def __init__(self, redis, seed, number):
        self.redis, self.random = redis, random.Random(f"{seed}/{number}")
        draw, chance = self.random, lambda p: self.random.random() < p
        self.types = [draw.choice(TYPES)] * 3 if chance(0.4) else draw.choices(TYPES, k=3)
        self.weights = draw.choice(((1, 1, 1), (6, 2, 1)))
        self.ordered = draw.choice(KEYS) if chance(0.2) else ""
        known = draw.randint(0, 4) if set(self.types) == {"stream"} else 0  # By chance little would be pending.
        self.before = QUEUE[:known]
        self.before += self.commands(draw.randint(0, 4 - known))
        base = self.commands(draw.randint(2, 6))
        others = self.shuffled(base), *(self.commands(draw.randint(2, 6)) for _ in range(3))
        self.updates = [self.grouped(update) for update in (base, *others)]
        self.reference = draw.choice((PER - 1, draw.randrange(PER)))
        if chance(0.7):
            self.updates[4] = [("multi", base, "")]
        self.updates[4], self.updates[self.reference] = self.updates[self.reference], self.updates[4]
        if chance(0.02):
            self.updates[draw.randrange(PER)] = []
        self.recover_after = draw.choice((30, 100, 500, 20000)) if chance(0.25) else 0
        self.tolerate = draw.choice((0, 100, 500, 5000)) if chance(0.4) else None
        self.moments = draw.sample((50, 109, 3000), 1) if chance(0.1) else []
        for _ in range(8):  # Most scenarios should not be refused.
            self.recover = [(draw.choice((None, *KEYS)), self.command()) for _ in range(draw.randint(0, 2))]
            self.alive = draw.choice(ALIVE).replace("K", draw.choice(KEYS)) if chance(0.5) else None
            if not self.refused() or chance(0.05):
                break

    def command(self):
        key = self.random.choices(range(3), self.weights)[0]
        kind = self.random.choices(("any", self.types[key], self.random.choice(self.types)), (3, 8, 1))[0]
        words = self.random.choice(COMMANDS[kind]).split()
        return " ".join(KEYS[key] if w == "K" else self.random.choice(DRAWN[w]) if w in DRAWN else w for w in words)

    def commands(self, n):
        """Commands that raise no errors, one after the other after `before`, and most of which do something."""
        done = []
        while len(done) < n:
            self.start(done)
            reply = self.redis.do(command := self.command())
            if not failed(reply) and (reply not in (0, None) or self.random.random() < 0.2):
                done.append(command)
        return done

    def shuffled(self, update):
        other = self.random.sample(update, len(update))
        return self.commands(len(update)) if any(map(failed, self.start(other))) else other

    def grouped(self, update):
        """Pieces of an update, as (how they are sent, commands, options)."""
        pieces = []
        while update:
            n, how = self.random.randint(1, len(update)), self.random.choice(("call", "pipeline", "multi", "MULTI"))
            options = self.random.choice(("", ', {writes = "each"}', ', {chunk = 40}', ', {replies = "read"}'))
            pieces, update = pieces + [(how, update[:n], options)], update[n:]
        return pieces

    def lua(self):
        calls = lambda *lines: " ".join("redis.call(" + ", ".join(map(json.dumps, c.split())) + ")" for c in lines)
        piece = lambda how, lines, options: (
            calls(*lines) if how == "call" else calls("MULTI", *lines, "EXEC") if how == "MULTI" else
            f"redis.{how}(function() {calls(*lines)} end{options})")
        lines = ["return {", f"  before = function(redis) {calls(*self.before)} end,"]
        lines += [f'  ordered = {{ "{self.ordered}" }},'] if self.ordered else []
        lines += [f"  recover_after = {self.recover_after},"] if self.recover_after else []
        lines += [f"  tolerate = {self.tolerate},"] if self.tolerate is not None else []
        lines += [f"  moments = {{ {self.moments[0]} }},"] if self.moments else []
        lines += ["  strategies = {"]
        for i, update in enumerate(self.updates):
            mark = "reference = true, " if i == self.reference != PER - 1 else ""
            mark += "noop = true, " if update else ""  # Random commands may well change nothing.
            lines += [f'    {{ name = "s{i}", {mark}update = function(redis)']
            lines += [*(f"      {piece(*p)}" for p in update), "    end },"]
        lines += ["  },", "  recover = function(redis)"]
        for key, command in self.recover:
            lines += [f'    if redis.call("EXISTS", "{key}") == 1 then {calls(command)} end' if key else
                      f"    {calls(command)}"]
        lines += ["  end,"] + ([f"  alive = function(redis) return {calls(self.alive)} end,"] if self.alive else [])
        return "\n".join(lines + ["}", ""])

    def prefixes(self, update):
        """What is done at each crash point: within MULTI nothing, by EXEC everything."""
        done = [[]]
        for how, commands, _ in update:
            if how in ("multi", "MULTI"):
                done += [done[-1]] * (len(commands) + 1) + [done[-1] + commands]
            else:
                done += [done[-1] + commands[:k + 1] for k in range(len(commands))]
        return done

    def start(self, done):
        return self.redis.do("FLUSHALL", *self.before, *done)

    def state(self, done):
        self.start(done)
        return look(self.redis, self.ordered)

    def moments_of(self, *states):
        """When to look at what becomes of states, in seconds. At most seven are drawn: none are merged."""
        lapses, ends = sorted(seconds for _, left in states for seconds in left.values()), []
        while lapses:
            together = [lapse for lapse in lapses if lapse <= lapses[0] + 1 + lapses[0] / 10]
            lapses = lapses[len(together):]
            ends.append(together[-1])
        return sorted({0, self.recover_after, *self.moments, *ends})

    def age(self, seconds=float("inf")):
        for key, left in look(self.redis)[1].items():
            self.redis.do(f"PEXPIRE {key} {round((left - seconds) * 1000)}" if left > seconds else "DEL " + key)

    def recovered(self):
        return all(key and not self.redis.do("EXISTS " + key) or not failed(self.redis.do(command))
                   for key, command in self.recover)

    def lives(self):
        """Tries `alive` on a copy. It has one key."""
        if not self.alive:
            return True
        key = next(word for word in self.alive.split() if word in KEYS)
        _, reply, _ = self.redis.do(f"COPY {key} copy", self.alive.replace(f" {key}", " copy", 1), "DEL copy")
        return not failed(reply) and reply is not None

    def aftermath(self, done, moments):
        """What becomes of a state, at each moment and at the last: what is there, how long that has to live
        still, and what has failed."""
        if (tuple(done), tuple(moments)) not in self.known:
            self.start(done)
            found = []
            for before, moment in zip([0, *moments], [*moments, float("inf")]):
                self.age(moment - before)
                failures = set() if moment < self.recover_after or self.recovered() else {"recover"}
                if moment == float("inf"):
                    self.age()
                found.append((*look(self.redis, self.ordered), failures | (set() if self.lives() else {"alive"})))
            self.known[tuple(done), tuple(moments)] = found
        return self.known[tuple(done), tuple(moments)]

    def refused(self):
        """Why this is a mistake, if it is one. Leaves the controls and the bounds in self."""
        self.known, self.old = {}, []
        self.new = self.prefixes(self.updates[self.reference])[-1]
        states = [self.state(self.old), self.state(self.new)]
        self.bound = bound(*states)
        (*_, (_, _, old)), (*_, (_, _, new)) = (self.aftermath(control, self.moments_of(*states))
                                                for control in (self.old, self.new))
        return "nothing sent" if [] in self.updates else "stuck after the old state" if old else \
            "stuck after the completed update" if new else None

    def judged(self, done, *controls):
        """Of a state (later, passing, how long)."""
        states = [self.state(commands) for commands in (done, *controls)]
        moments = self.moments_of(*states, self.state(self.old))  # without a crash, too
        old, new = (with_expiries(state, self.bound) for state in states[1:])
        alike = {atom for atom in old if old[atom] == new[atom]}
        words, lasts = set(), 0
        for i, ends in enumerate(zip(*(self.aftermath(c, moments) for c in (done, *controls)))):
            bags = [with_expiries(end, self.bound) for end in ends]
            lives = [seconds for _, left, _ in ends for seconds in left.values()]
            mine, old, new = (end[2] for end in ends)
            here = wrong(*bags, alike) | ({"stuck"} if mine and not old | new else set())
            if here:
                words = here
                lasts = "forever" if i == len(moments) else moments[i + 1] if i + 1 < len(moments) else \
                    moments[i] + max(lives, default=0)
        harm = lasts == "forever" or self.tolerate is not None and lasts > self.tolerate
        return (told(words), "clean", lasts) if harm else ("clean", told(words), lasts)

    def verdicts(self, update):
        prefixes = self.prefixes(update)
        states = [with_expiries(self.state(done), self.bound) for done in prefixes]
        points = [(now(state, states[0], states[-1]), *self.judged(done, self.old, self.new))
                  for state, done in zip(states, prefixes)]
        return points + [("uncrashed", self.judged(prefixes[-1], self.new, self.new)[0])]


def compare(scenario, run):
    """The disagreements, as (strategy, line), and why both refuse, if they do."""
    reason = scenario.refused()
    if reason or run.returncode not in (0, 1):
        said = f"status {run.returncode} {run.stderr.strip()}"
        both = reason and run.returncode == 2
        return [(i, f"should be {reason or 'accepted'}: {said}") for i in range(PER) if not both], reason
    found = []
    for i, (update, heard) in enumerate(zip(scenario.updates, json.loads(run.stdout)["strategies"], strict=True)):
        theirs = [(point["now"], told(point["later"]), told(point["passing"]), point["lasts"])
                  for point in heard["points"]]
        theirs.append(("uncrashed", told(heard["uncrashed"])))
        mine = scenario.verdicts(update)
        found += [(i, f"point {k}: {' '.join(map(str, m))} by the words, {' '.join(map(str, t))} by afterkill")
                  for k, (m, t) in enumerate(zip(mine, theirs)) if m != t]
        found += [(i, f"{len(mine) - 1} points, {len(theirs) - 1} by afterkill")] * (len(mine) != len(theirs))
    return found, None


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--cases", type=int, default=100, metavar="N")
    ask.add_argument("--seed", type=int, default=1, metavar="S")
    ask.add_argument("--case", type=int, metavar="I", help="only the scenario of case I")
    ask.add_argument("--afterkill", default=pathlib.Path(__file__).resolve().parents[2] / "build/harness/afterkill")
    ask.add_argument("--redis-server", default=shutil.which("redis-server") or "valkey-server")
    ask = ask.parse_args()
    redis, passed, wrong, refused = Redis(ask.redis_server), 0, 0, Counter()
    with tempfile.TemporaryDirectory(prefix="oracle-") as directory:
        file = pathlib.Path(directory) / "drawn.lua"
        command = [ask.afterkill, "run", file, "--trials", "0", "--fault", "step", "--lanes", "1", "--format", "json", "--no-store",
                   "--now", "1700000000", "--redis-server", ask.redis_server]
        for number in range(-(-ask.cases // PER)) if ask.case is None else [ask.case // PER]:
            scenario = Scenario(redis, ask.seed, number)
            file.write_text(scenario.lua())
            found, reason = compare(scenario, subprocess.run(command, capture_output=True, text=True))
            cases = {number * PER + i for i, _ in found}
            for i, line in found:
                print(f"case {number * PER + i} (--seed {ask.seed} --case {number * PER + i}), s{i}, {line}")
            if found:
                print(scenario.lua(), flush=True)
            wrong += len(cases)
            if reason and not found:
                refused[reason] += PER
            else:
                passed += PER - len(cases)
            print(f"\r{(number + 1) * PER} cases, {wrong} failed", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print("".join(f"{n} refused, as they should be: {reason}\n" for reason, n in refused.items()), end="")
    print(f"{passed} passed, {wrong} failed")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
