-- Ghost text: asked for at every key, drawn behind the cursor, taken whole, by a word or by a line.
--
-- Neovim 0.12 has inline completion of its own; it waits 200 ms after each key, never asks for several, and tells the
-- server nothing of what is taken in part. So this draws its own in every version.

local part = require('codegpt.part')

local M = {}

local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2 -- LSP's InlineCompletionTriggerKind
local namespace = vim.api.nvim_create_namespace('codegpt')

---@class codegpt.Suggestion
---@field item table as the server gave it
---@field left string what it would put behind the cursor
---@field before integer how many characters of it stand before the cursor
---@field behind integer how many bytes behind the cursor it replaces

---@class codegpt.Shown
---@field bufnr integer
---@field client vim.lsp.Client
---@field suggestions codegpt.Suggestion[]
---@field index integer
---@field row integer zero-based
---@field column integer in bytes
---@type codegpt.Shown?
local shown

local function clear()
  if shown and vim.api.nvim_buf_is_valid(shown.bufnr) then
    vim.api.nvim_buf_clear_namespace(shown.bufnr, namespace, 0, -1)
  end
  shown = nil
end

local function cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return row - 1, column
end

---@return codegpt.Suggestion
local function suggestion(item, client, line, column)
  local text = type(item.insertText) == 'string' and item.insertText or item.insertText.value
  if not item.range then
    return { item = item, left = text, before = 0, behind = 0 }
  end
  local function at(character)
    return vim.str_byteindex(line, client.offset_encoding, character, false)
  end
  local typed = text:sub(1, column - at(item.range.start.character))
  local behind = math.max(0, at(item.range['end'].character) - column)
  return { item = item, left = text:sub(#typed + 1), before = vim.str_utfindex(typed, 'utf-32'), behind = behind }
end

local function draw()
  vim.api.nvim_buf_clear_namespace(shown.bufnr, namespace, 0, -1)
  local lines = vim.split(shown.suggestions[shown.index].left, '\n', { plain = true })
  local below = vim.tbl_map(function(line)
    return { { line, 'ComplHint' } }
  end, vim.list_slice(lines, 2))
  vim.api.nvim_buf_set_extmark(shown.bufnr, namespace, shown.row, shown.column, {
    virt_text = { { lines[1], 'ComplHint' } },
    virt_text_pos = 'inline',
    virt_lines = below,
  })
end

local function ask(kind)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = 'codegpt', bufnr = bufnr })[1]
  if not client or vim.fn.mode() ~= 'i' then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local tick, row, column = vim.b.changedtick, cursor()
  client:request(METHOD, params, function(_, answer)
    local now_row, now_column = cursor()
    local same = vim.api.nvim_get_current_buf() == bufnr and vim.b.changedtick == tick
    if not same or now_row ~= row or now_column ~= column or vim.fn.mode() ~= 'i' then
      return
    end
    clear()
    local items = answer and (answer.items or answer) or {}
    if #items > 0 then
      local line = vim.api.nvim_get_current_line()
      local suggestions = vim.tbl_map(function(item)
        return suggestion(item, client, line, column)
      end, items)
      shown = { bufnr = bufnr, client = client, suggestions = suggestions, index = 1, row = row, column = column }
      draw()
      client:notify('textDocument/didShowCompletion', { item = items[1] })
    end
  end, bufnr)
end

-- What is typed along with is drawn as what is left of it, until the server has answered; anything else takes it away.
local function follow()
  local row, column = cursor()
  if not shown or (shown.row == row and shown.column == column) then
    return
  end
  local typed = vim.api.nvim_get_current_line():sub(shown.column + 1, column)
  local first = shown.suggestions[shown.index]
  if shown.row ~= row or typed == '' or not vim.startswith(first.left, typed) or #typed == #first.left then
    return clear()
  end
  first.left, first.before = first.left:sub(#typed + 1), first.before + vim.str_utfindex(typed, 'utf-32')
  shown.suggestions, shown.index, shown.column = { first }, 1, column
  draw()
end

function M.enable(bufnr)
  vim.api.nvim_set_hl(0, 'ComplHint', { link = 'Comment', default = true })
  local group = vim.api.nvim_create_augroup('codegpt-' .. bufnr, {})
  local function on(events, act)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = bufnr, callback = act })
  end
  on({ 'InsertEnter', 'TextChangedI' }, function()
    follow()
    ask(AUTOMATIC)
  end)
  on('CursorMovedI', follow)
  on({ 'InsertLeave', 'BufLeave' }, clear)
end

---@param how 'all'|'word'|'line'
---@return boolean whether there was something to be taken
function M.accept(how)
  local row, column = cursor()
  if not shown or shown.row ~= row or shown.column ~= column then
    return false
  end
  local taken_of, client, bufnr = shown.suggestions[shown.index], shown.client, shown.bufnr
  local item, taken = taken_of.item, part.of(taken_of.left, how)
  local all = taken == taken_of.left
  clear()
  vim.schedule(function()
    local lines = vim.split(taken, '\n', { plain = true })
    vim.api.nvim_buf_set_text(bufnr, row, column, row, column + (all and taken_of.behind or 0), lines)
    local last = #lines == 1 and column + #lines[1] or #lines[#lines]
    vim.api.nvim_win_set_cursor(0, { row + #lines, last })
    if all and item.command then
      client:exec_cmd(item.command, { bufnr = bufnr })
    elseif not all then
      local length = taken_of.before + vim.str_utfindex(taken, 'utf-32')
      client:notify('textDocument/didPartiallyAcceptCompletion', { item = item, acceptedLength = length })
    end
  end)
  return true
end

function M.cycle(by)
  if not shown or #shown.suggestions == 1 then
    return ask(INVOKED)
  end
  shown.index = (shown.index - 1 + by) % #shown.suggestions + 1
  draw()
end

function M.ask()
  ask(INVOKED)
end

M.dismiss = clear

return M
