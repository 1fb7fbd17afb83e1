-- Drops every key, and every field of a hash, that has an expiry.
-- ARGV: "1" if there are field expiries.
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('PTTL', key) >= 0 then redis.call('DEL', key)
  elseif ARGV[1] == '1' and redis.call('TYPE', key).ok == 'hash' then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      if redis.call('HPTTL', key, 'FIELDS', 1, field)[1] >= 0 then
        redis.call('HDEL', key, field)
      end
    end
  end
end
