-- More damage never takes a word away. A state that is `mixed` stays so when there are copies too many
-- (what=twice) or too few (what=gone) of what makes it mixed.
local ways = {
  twice = {
    before = { { "RPUSH", "queue", "job" } },
    careless = {
      { "RPUSH", "done", "job" },
      { "RPUSH", "done", "job" },
      { "LPOP", "queue" },
      { "LPOP", "done" },
    },
    right = { { "LMOVE", "queue", "done", "LEFT", "RIGHT" } },
  },
  gone = {
    before = { { "RPUSH", "queue", "old", "both" } },
    careless = {
      { "LREM", "queue", 1, "old" },
      { "LPOP", "queue" },
      { "RPUSH", "queue", "both", "both" },
    },
    right = { { "EVAL", "redis.call('LSET', KEYS[1], 0, 'both')", 1, "queue" } },
  },
}

local function send(redis, commands)
  for _, command in ipairs(commands) do
    redis.call(table.unpack(command))
  end
end

return {
  title = "damage beside damage",
  params = { what = "twice" },
  before = function(redis, p) send(redis, ways[p.what].before) end,
  strategies = {
    { name = "careless", expect = "mixed", update = function(redis, p) send(redis, ways[p.what].careless) end },
    { name = "right", expect = "atomic", reference = true,
      update = function(redis, p) send(redis, ways[p.what].right) end },
  },
}
