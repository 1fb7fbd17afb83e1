-- What does kill -9 leave in Redis? Ask with: afterkill run ./THIS_FILE.lua
--
-- The example is a rate limiter: INCR counts a client's requests, and the first one of a minute sets
-- the counter's expiry. A worker that is killed in between leaves a counter that never expires, and
-- the client is locked out for ever. Put your own update in its place.

local key = "rate:203.0.113.7"

return {
  -- For people: one line, and where the story is told.
  title = "A rate limiter's counter",
  source = "",

  -- Numbers, strings and booleans that functions see as p.NAME; change one with --set window=10.
  params = { window = 60 },

  -- What the update finds in Redis. Here: another client's counter. Without it Redis is empty.
  before = function(redis, p)
    redis.call("SET", "rate:198.51.100.1", 3, "EX", p.window)
  end,

  -- Ways to make the same update. Each is killed after every command, and at random instants.
  strategies = {
    { name = "two-commands",
      about = "INCR, then EXPIRE if this was the first",
      -- What you expect of it, which `afterkill check` holds it to:
      --   "atomic"   a reader never sees anything but the old state or the new one
      --   "safe"     whatever a death leaves heals by itself (see tolerate)
      --   "leaked", "duplicated", "lost", "mixed", "stuck"   it is known to do this; several in a list,
      --              and "only leaked" if it does nothing else
      expect = "leaked",
      update = function(redis, p)
        if redis.call("INCR", key) == 1 then
          redis.call("EXPIRE", key, p.window)
        end
      end },

    { name = "multi",
      about = "SET NX EX and INCR inside MULTI .. EXEC",
      expect = "atomic",
      reference = true, -- its completed update is the right one; without any, the last one's is
      update = function(redis, p)
        redis.multi(function()
          redis.call("SET", key, 0, "EX", p.window, "NX")
          redis.call("INCR", key)
        end)
      end },
  },

  -- All that follows may be left out. `before`, `recover`, `alive` and `noop` may stand in a strategy,
  -- too, and are its own then.

  -- What survivors do once everything with an expiry is gone: a reaper, a janitor, the next start.
  -- recover = function(redis, p) end,

  -- Commands that the server must have: where it lacks one, the scenario is skipped, and says why.
  -- needs = { "HSETEX" },

  -- So many seconds after the death they come; until then nothing is repaired.
  -- recover_after = 30,

  -- Tries the operation again as a fresh worker would: raises, or returns false, if it cannot.
  -- alive = function(redis, p) return tonumber(redis.call("GET", key) or 0) < 100 end,

  -- What ends within so many seconds is not harm; without it, whatever ends.
  -- tolerate = 60,

  -- More seconds at which to look, where times are data (scores, fields) and no key lapses.
  -- moments = { 10, 600 },

  -- What must hold in every state that is right, by name: expires(), refers(), exactly_one() and the
  -- like, or a function.
  -- invariants = { ends = expires("rate:*", 60) },

  -- Keys (globs) that count what jobs have done to the world: less than is right is lost, more is duplicated.
  -- effects = { "done:*" },

  -- Keys (globs) whose values may differ harmlessly, of hashes only some fields (key#field); lists whose order
  -- matters; and counters that are as good at 0 as not there.
  -- ignore = { "stat:*", "job:*#at" },
  -- ordered = { "log" },
  -- zero = { "running" },

  -- It is meant that the update changes nothing that counts.
  -- noop = true,

  -- Unmodified programs, in place of functions. A strategy has a `command` instead of its `update`; `before`,
  -- `recover` and `alive` are a program, or a list of programs, functions and commands in the notation:
  --   { name = "2.1", expect = "safe", command = { "node", "work.js" } },
  --   recover = { { "node", "janitor.js" }, { "node", "drain.js" } },
  -- Where they run, and what is added to their environment ({url}, {host}, {port} and {socket} are the server's).
  -- dir = "programs",
  -- env = { BROKER = "{url}/0" },
  -- What the clock shows them ("real" or "frozen"), what AFTERKILL_SEED says, what else differs from run to run,
  -- how long one may take, and for how long nothing changes once it is done.
  -- clock = "frozen",
  -- seed = 1,
  -- vary = { "ticket-*" },
  -- timeout = 60,
  -- settle = "2s",
}
