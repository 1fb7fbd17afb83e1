-- For a server that lies about the second HSET of a connection (tests/lib/lying_server.c): one
-- strategy in which a census sees each field come, and one in which all come at once.
local function write(redis)
  redis.call("UNLINK", "work")
  for i = 1, 3 do
    redis.call("HSET", "work", "field" .. i, "value")
  end
  redis.call("EXPIRE", "work", 60)
end

return {
  title = "a hash that is rewritten",
  strategies = {
    { name = "field-by-field", expect = "leaked", update = write },
    { name = "transaction", expect = "atomic", reference = true,
      update = function(redis)
        redis.multi(function() write(redis) end)
      end },
  },
}
