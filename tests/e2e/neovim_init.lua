-- codegpt in Neovim 0.12, in two parts: what a person writes into init.lua, and what the tests look at.

vim.lsp.config('codegpt', {
  cmd = vim.json.decode(vim.env.CODEGPT_TEST_SERVER), -- a person writes { 'codegpt-server' }
  filetypes = { 'python' },
})
vim.lsp.enable('codegpt')

vim.api.nvim_create_autocmd('LspAttach', {
  callback = function(event)
    vim.lsp.inline_completion.enable(true, { bufnr = event.buf })
    vim.keymap.set('i', '<Tab>', function()
      if not vim.lsp.inline_completion.get() then
        return '<Tab>'
      end
    end, { expr = true, buffer = event.buf })
  end,
})

-- For the tests.

vim.o.swapfile = false
vim.o.shadafile = 'NONE'
vim.o.messagesopt = 'wait:0,history:500' -- no prompt that waits for a key after a long message

local requests = {} -- every inline completion request in order; `items` is how many it was answered with

vim.api.nvim_create_autocmd('LspAttach', {
  callback = function(event)
    local client = assert(vim.lsp.get_client_by_id(event.data.client_id))
    local send = client.request
    client.request = function(self, method, params, handler, bufnr)
      if method ~= 'textDocument/inlineCompletion' then
        return send(self, method, params, handler, bufnr)
      end
      local request = { tick = vim.b.changedtick, position = params.position }
      table.insert(requests, request)
      return send(self, method, params, function(err, result, context)
        handler(err, result, context)
        request.items = (result and not err) and #result.items or -1
      end, bufnr)
    end
  end,
})

_G.codegpt = {}

-- The inline completion client's position encoding once it is ready, else nil.
function codegpt.ready()
  local client = vim.lsp.get_clients({ bufnr = 0, method = 'textDocument/inlineCompletion' })[1]
  return client and client.initialized and client.offset_encoding or nil
end

-- How many items each request was answered with, -1 for an error, false where there is no answer yet.
function codegpt.answers()
  return vim.tbl_map(function(request)
    return request.items or false
  end, requests)
end

-- The ghost text as its extmark holds it, or '' where nothing was suggested; nil while there is no answer about this
-- text and this cursor.
function codegpt.ghost()
  local last = requests[#requests]
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  if not (last and last.items and last.tick == vim.b.changedtick) then
    return nil
  end
  if last.position.line ~= row - 1 or last.position.character ~= column then -- bytes: UTF-8 is negotiated
    return nil
  end
  if last.items ~= 1 then
    return ''
  end
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  local marks = vim.api.nvim_buf_get_extmarks(0, namespace, { row - 1, column }, { row - 1, column }, { details = true })
  if #marks ~= 1 then
    return nil
  end
  local lines = { marks[1][4].virt_text, unpack(marks[1][4].virt_lines or {}) }
  return table.concat(
    vim.tbl_map(function(chunks)
      return table.concat(vim.tbl_map(function(chunk)
        return chunk[1]
      end, chunks))
    end, lines),
    '\n'
  )
end

-- The rows of the screen as they are drawn, without the white space at their ends.
function codegpt.screen()
  vim.cmd.redraw()
  local rows = {}
  for row = 1, vim.o.lines do
    local cells = {}
    for column = 1, vim.o.columns do
      table.insert(cells, vim.fn.screenstring(row, column))
    end
    table.insert(rows, (table.concat(cells):gsub('%s+$', '')))
  end
  return rows
end
