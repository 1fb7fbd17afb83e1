-- Leak probabilities that are known by construction, and better than those of known_rate.lua. The
-- update is ten round trips of the same length: each is a script that counts up to p.turns and then
-- sets the key, lets it expire, or does neither. A worker that dies while it waits for a script has
-- that script executed all the same, so the unsafe time goes from the sending of the script that
-- sets the key to that of the script that lets it expire: `unsafe` round trips of ten.
--
-- What an update does besides, its first sending and its end, belongs to no round trip, and the truth
-- is so much less than unsafe / 10. How much that is, and how it is made little: tests/lib/known.h.
--
-- Turns of a loop, not a time on the clock: since 7.2 the clock stands still inside a script.
local step = [[
for i = 1, ARGV[1] do end
if ARGV[2] == "set" then redis.call("SET", KEYS[1], "value")
elseif ARGV[2] == "expire" then redis.call("EXPIRE", KEYS[1], 60) end
]]

local function update(unsafe)
  local set = (10 - unsafe) // 2 + 1
  return function(redis, p)
    for i = 1, 10 do
      local what = i == set and "set" or i == set + unsafe and "expire" or "pass"
      redis.call("EVAL", step, 1, "key", p.turns, what)
    end
  end
end

return {
  title = "a known share of the update is unsafe",
  params = { turns = 45000 },
  strategies = {
    { name = "tenth", expect = "leaked", update = update(1) },
    { name = "three-tenths", expect = "leaked", update = update(3) },
    { name = "half", expect = "leaked", update = update(5) },
    { name = "seven-tenths", expect = "leaked", update = update(7) },
    { name = "nine-tenths", expect = "leaked", update = update(9) },
    { name = "never", expect = "atomic", reference = true,
      update = function(redis) redis.call("SET", "key", "value", "EX", 60) end },
  },
}
