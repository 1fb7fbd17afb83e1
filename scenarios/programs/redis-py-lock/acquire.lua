-- redis-py's Lock.acquire(), as Debian has it. Releases before 3.0 sent SETNX and then PEXPIRE, and left locks
-- for ever (issues 554 and 818; the scenario redis_py_lock_immortal). Now it is one command:
--
--   SET lock:report holder PX 60000 NX
--
-- Sure: there is nothing between the old state and the new one.

local acquire = { "/usr/bin/python3", "acquire.py" }

return {
  title = "redis-py: a lock is acquired",
  source = "https://github.com/redis/redis-py/issues/554",

  strategies = {
    { name = "redis-py", expect = "atomic", about = "4.3.4, python3-redis of Debian 12", command = acquire },
  },

  -- The holder is dead; its minute passes.
  alive = acquire,
}
