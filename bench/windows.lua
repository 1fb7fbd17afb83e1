-- Updates whose harmful share is known by construction, for bench/coverage. An update is p.steps scripts
-- that compute for equally long; the key `leak` is there for a tenth or a half of them, at the beginning, in
-- the middle or at the end. With p.slow, in one update of so many the first step of the window computes
-- p.slow_spin more: by the server's clock, so that no two updates know of each other.
local work = "for i = 1, %d do end "

local function step(p, ends)
  return work:format(math.tointeger(p.spin)) .. ends
end

-- Whether an update is a slow one is decided in the step itself.
local function opening(p)
  local slow = ""
  if p.slow > 0 then
    slow = ("if tonumber(redis.call('TIME')[2]) %% %d == 0 then " .. work .. "end "):format(
      math.tointeger(p.slow), math.tointeger(p.slow_spin))
  end
  return slow .. step(p, "return redis.call('SET', 'leak', '1')")
end

-- The window opens with the first of its steps and closes with the step behind its last, which is there
-- for windows at the end, too: what leaked is gone when nobody is killed.
local function update(share, before)
  return function(redis, p)
    local steps = math.floor(p.steps * share + 0.5)
    local first = 1 + math.floor((p.steps - 1 - steps) * before + 0.5)
    for i = 1, p.steps do
      if i == first then
        redis.call("EVAL", opening(p), 0)
      elseif i == first + steps then
        redis.call("EVAL", step(p, "return redis.call('DEL', 'leak')"), 0)
      else
        redis.call("EVAL", step(p, "return 1"), 0)
      end
    end
  end
end

local strategies = {}
for _, share in ipairs { 0.1, 0.5 } do
  for name, before in pairs { front = 0, middle = 0.5, back = 1 } do
    strategies[#strategies + 1] = {
      name = ("%s-%d"):format(name, math.floor(100 * share + 0.5)), expect = "leaked",
      update = update(share, before),
    }
  end
end
table.sort(strategies, function(a, b) return a.name < b.name end)
strategies[#strategies + 1] = {
  name = "none", expect = "safe", reference = true,
  update = function(redis, p)
    for _ = 1, p.steps do redis.call("EVAL", step(p, "return 1"), 0) end
  end,
}

return {
  title = "windows of a known share",
  params = { steps = 40, spin = 2500, slow = 0, slow_spin = 0 },
  noop = true,
  strategies = strategies,
}
