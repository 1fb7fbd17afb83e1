-- Everything that a worker can be made to do, for the test that it keeps to its own memory. Each name
-- says how it ends.
local count = 0

local function once()
  count = count + 1
  if count > 1 then error("somebody was here before: " .. count) end
end

local function rows(redis, n)
  for i = 1, n do redis.call("HSET", "h", "field:" .. i, ("x"):rep(100)) end
end

return {
  title = "whatever a worker does",
  params = { size = 20000, jobs = 50 },
  before = function(redis) redis.call("SET", "old", 1, "EX", 100) end,
  strategies = {
    { name = "plain", reference = true, update = function(redis)
        once()
        rows(redis, 20)
      end },
    { name = "pipelines", update = function(redis, p)
        once()
        redis.pipeline(function() rows(redis, p.jobs) end)
        redis.pipeline(function() rows(redis, p.jobs) end, { writes = "each" })
        redis.pipeline(function() rows(redis, p.jobs) end, { chunk = 500, replies = "read" })
        redis.multi(function() rows(redis, p.jobs) end)
        redis.call("SET", "large", ("y"):rep(p.size * 10))
        return #redis.call("GET", "large") == p.size * 10
      end },
    { name = "library", update = function(redis)
        once()
        local all = {}
        for i = 1, 2000 do all[i] = { key = tostring(i), value = i / 3 } end
        table.sort(all, function(a, b) return a.value > b.value end)
        local text = string.format("%99.20f %g %q %5.1f", 2 ^ 1000, 1 / 3, "a\nb", all[1].value)
        text = text:gsub("%d", function(d) return d + 1 end):upper():reverse()
        for word in text:gmatch("%S+") do redis.call("RPUSH", "list", word, math.random(100)) end
        redis.call("SET", "utf8", utf8.char(228, 8364) .. string.pack("<i4z", 7, "z"))
        local thread = select(2, pcall(string.rep, "ab", 300, ","))
        redis.call("SET", "n", 12345678901234567890, "PX", math.tointeger(60000.0))
        redis.call("SET", "thread", thread, "EX", "10" + 5)
        redis.call("SET", "numbers", tostring(6 / 3) .. (tonumber("0x1p4") or "") .. tostring(tonumber("1e")))
        local script = redis.script("return redis.call('INCR', KEYS[1])")
        script({ "counter" }, {})
      end },
    { name = "refused", update = function(redis)
        once()
        local _, message = pcall(redis.call, "NO SUCH COMMAND")
        redis.call("SET", "message", message)
        redis.call("SET", "reply", redis.pcall("HGET", "old", "field").err)
        return false
      end },
    { name = "raises", update = function(redis)
        once()
        redis.call("SET", "half", 1)
        redis.call("HSET", "half", "field", 1)
      end },
    { name = "recurses", update = function(redis)
        once()
        local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
        local nested = "x"
        for _ = 1, 100 do nested = string.gsub(nested, "x", function(x) return x end) end
        local function through(n)
          return n == 0 and deep(1000) or select(2, pcall(string.gsub, "x", "x", function() return through(n - 1) end))
        end
        redis.call("SET", "depth", through(150))
        deep(1e7)
      end },
  },
}
