-- redis-py's Lock.release(), as Debian has it: a script that deletes the lock if it is still the caller's.
--
--   EVALSHA release 1 lock:report holder | SCRIPT LOAD | EVALSHA release 1 lock:report holder
--
-- The first EVALSHA finds no script on a server that has just started, and changes nothing. Sure: the second
-- one is all there is.

local acquire = { "/usr/bin/python3", "acquire.py" }

return {
  title = "redis-py: a lock is released",
  source = "https://github.com/redis/redis-py/blob/v4.3.4/redis/lock.py",

  before = { command = acquire },

  strategies = {
    { name = "redis-py", expect = "atomic", about = "4.3.4, python3-redis of Debian 12",
      command = { "/usr/bin/python3", "release.py" } },
  },

  alive = acquire,
}
