-- An update that is torn and leaks; and scripts and commands that try to reach what the harness relies on,
-- before it, after it, and in what survivors do. `when` names the function that tries.
local function try(redis, p, when)
  if p.when ~= when then return end
  if p.script ~= "" then redis.call("EVAL", p.script, 0) end
  if p.command ~= "" then
    local words = {}
    for word in p.command:gmatch("%S+") do words[#words + 1] = word end
    pcall(redis.call, table.unpack(words))
  end
end

return {
  title = "a fence",
  params = { when = "", script = "", command = "" },
  before = function(redis, p)
    redis.call("SET", "k", "old")
    redis.call("RPUSH", "list", "a", "b")
    try(redis, p, "before")
  end,
  strategies = {
    { name = "one", expect = "mixed", update = function(redis, p)
        redis.call("SET", "k", "new")
        redis.call("RPUSH", "list", "c")
        try(redis, p, "update")
      end },
  },
  recover = function(redis, p)
    try(redis, p, "recover")
    if redis.call("GET", "k") == "new" and redis.call("LLEN", "list") == 2 then try(redis, p, "recover a crash") end
  end,
  alive = function(redis, p)
    try(redis, p, "alive")
    if redis.call("GET", "k") == "new" and redis.call("LLEN", "list") == 2 then try(redis, p, "try a crash") end
  end,
}
