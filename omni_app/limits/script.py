"""The Lua script behind every window: decides about several gates and counts them in one step, by the clock of Redis.

Three ways to count, chosen by `window.Gate`:

log    A sorted set holds the moment (µs) of each that passed. Exact: one passes when fewer than `most` passed within the window.
sum    For more than 1,000. The window is cut into 100 slices of equal length; a hash holds how many passed in each, and their
       sum. A slice counts until all of it is older than the window. So never more than `most` pass within any window (every one
       of them lies in a slice that still counts), and who is refused finds that `most` passed within the last 101 slices: a
       place is free again at most one slice, 1 % of the window, later than the log would free it. Never too many, never wrong
       about a burst, up to 1 % late: that is the whole error.
month  A hash holds how many passed in this calendar month, which the script finds from the clock of Redis and the offset of the
       time zone (µs). It is only a count: a full month refuses nobody, the answer says so.

Works on Redis 6.2 and later. All keys of one call belong to one slot of a cluster (`Gate.slot`).
"""

import hashlib
from struct import Struct

SLICES = 100
LOG, SUM, MONTH = b"lsm"

# One gate as the script reads it: kind, most, window (month: offset) in µs, amount. Doubles, as Lua has no other numbers.
GATE = Struct("<Bddd")
COUNT, LOOK = b"\x01", b"\x00"

# KEYS one for each gate · ARGV[1] COUNT or LOOK, then the gates; one argument, as each costs its caller a microsecond
# → a line 'passed used wait' for all gates, one after the other: 1 or 0, how many are in the window now, µs until the next place
#   is free (0: now). A line is cheaper to read than a list.
# Numbers given to redis.call are written with 17 digits, enough for microseconds; only tostring() would round them.
DECIDE = """
local call, ceil, floor, unpack_gate = redis.call, math.ceil, math.floor, struct.unpack
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]
local gates = ARGV[1]
local counts = gates:byte(1) == 1
local used, extra, all = {}, {}, true

for place = 1, #KEYS do
  local name = KEYS[place]
  local kind, most, window, amount = unpack_gate('<Bddd', gates, place * 25 - 23)
  if kind == 108 then
    call('ZREMRANGEBYSCORE', name, '-inf', now - window)
    used[place] = call('ZCARD', name)
  elseif kind == 115 then
    local slice = ceil(window / SLICES)
    local current = floor(now / slice)
    local kept = call('HMGET', name, 'sum', 'first')
    local sum, first = tonumber(kept[1] or 0), tonumber(kept[2] or current)
    if current - first > 2 * SLICES then
      call('DEL', name)
      sum, first = 0, current
    elseif first < current - SLICES then
      local old = {}
      for number = first, current - SLICES - 1 do old[#old + 1] = number end
      local gone = call('HMGET', name, unpack(old))
      for place = 1, #old do sum = sum - (gone[place] or 0) end
      call('HDEL', name, unpack(old))
      first = current - SLICES
      call('HSET', name, 'sum', sum, 'first', first)
    end
    used[place], extra[place] = sum, {slice, current, first, not kept[1] or sum == 0}
  else
    -- Days since 1 March 0000 give the civil month without a calendar: http://howardhinnant.github.io/date_algorithms.html
    local days = floor((now + window) / 86400000000) + 719468
    local era = floor(days / 146097)
    local doe = days - era * 146097
    local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
    local mp = floor((5 * (doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))) + 2) / 153)
    local month = (yoe + era * 400) * 12 + mp
    used[place], extra[place] = tonumber(call('HGET', name, month) or 0), month
  end
  if kind ~= 109 and used[place] + amount > most then all = false end
end

local answer = {}
for place = 1, #KEYS do
  local name, before = KEYS[place], used[place]
  local kind, most, window, amount = unpack_gate('<Bddd', gates, place * 25 - 23)
  if all and counts then
    if kind == 108 then
      local member = string.format('%.0f', now)
      while call('ZADD', name, 'NX', now, member) == 0 do member = member .. '+' end
      call('PEXPIRE', name, ceil(window / 1000) + 1)
    elseif kind == 115 then
      local slice, current, first, is_new = unpack(extra[place])
      call('HINCRBY', name, current, amount)
      call('HINCRBY', name, 'sum', amount)
      if is_new or current < first then call('HSET', name, 'first', current) end
      call('PEXPIRE', name, ceil((window + slice) / 1000) + 1)
    else
      call('HINCRBY', name, extra[place], amount)
      if before == 0 then
        -- 32 days outlast the month. The month before stays: near midnight a moved time zone still asks for it.
        call('HDEL', name, extra[place] - 2)
        call('PEXPIRE', name, 2764800000)
      end
    end
    used[place] = before + amount
  end
  local passed, wait = (before + amount <= most) and 1 or 0, 0
  if kind ~= 109 and used[place] + amount > most then
    wait = window
    local goes = used[place] + amount - most
    if kind == 108 then
      if goes <= used[place] then
        local oldest = call('ZRANGE', name, goes - 1, goes - 1, 'WITHSCORES')
        wait = math.min(window, oldest[2] + window - now)
      end
    elseif goes <= used[place] then
      local slice, current, first = unpack(extra[place])
      for number = first, current do
        goes = goes - (call('HGET', name, number) or 0)
        if goes <= 0 then
          wait = (number + 1) * slice + SLICES * slice - now
          break
        end
      end
    end
  end
  answer[place] = string.format('%d %d %.0f', passed, used[place], wait)
end
return {ok = table.concat(answer, ' ')}
""".replace("SLICES", str(SLICES))

DECIDE_SHA = hashlib.sha1(DECIDE.encode(), usedforsecurity=False).hexdigest()
