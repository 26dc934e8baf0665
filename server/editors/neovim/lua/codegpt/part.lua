-- How much of a suggestion is taken at a time.

local M = {}

---@param text string
---@param how 'all'|'word'|'line'
---@return string the beginning of it
function M.of(text, how)
  if how == 'word' then
    local word = vim.fn.matchstr(text, [=[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]=])
    return word ~= '' and word or text
  elseif how == 'line' then
    return text:match('^\n*[^\n]+') or text
  end
  return text
end

return M
