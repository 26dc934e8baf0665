-- codegpt in Neovim 0.11 and newer: starts the server, draws its suggestions, and offers what it can do. All that
-- decides is in the server.

local M = {}

---@class codegpt.Options
---@field cmd string[] the server's command line
---@field filetypes string[]? where it is started; nil for every kind of file
---@field root_markers string[] what the root of a project has
---@field settings table the server's settings, see docs/server.md
---@field trusted boolean|fun(root: string?): boolean whether programs made of a workspace may be run, in the jail
---@field keys table<string, string|false> false for none
M.options = {
  cmd = { 'codegpt-server' },
  filetypes = nil,
  root_markers = { '.git', 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml' },
  settings = {},
  trusted = false,
  keys = {
    accept = '<Tab>',
    word = '<M-Right>',
    line = '<M-End>',
    next = '<M-n>',
    previous = '<M-p>',
    ask = '<M-Bslash>',
    dismiss = '<C-]>',
  },
}

-- What the server said of itself last: `state`, `detail`, and `why` nothing is suggested.
M.said = { state = 'off', detail = '', why = '' }

---@return vim.lsp.Client? the client of a buffer
function M.client(bufnr)
  return vim.lsp.get_clients({ name = 'codegpt', bufnr = bufnr or 0 })[1]
end

-- For a status line: the state, and why nothing is suggested.
---@return string
function M.status()
  local said = M.said
  return 'codegpt: ' .. (said.why ~= '' and said.why or said.state)
end

local function trusted(root)
  local given = M.options.trusted
  return type(given) == 'function' and given(root) or given == true
end

local function map(bufnr)
  local ghost, keys = require('codegpt.ghost'), M.options.keys
  local function key(name, lhs, act)
    if lhs then
      vim.keymap.set('i', lhs, act, { buffer = bufnr, expr = true, desc = 'codegpt: ' .. name })
    end
  end
  -- Where there is nothing to be taken, a key means what it meant before.
  local function take(name, how)
    key(name, keys[name], function()
      return ghost.accept(how) and '' or keys[name]
    end)
  end
  take('accept', 'all')
  take('word', 'word')
  take('line', 'line')
  for name, act in pairs({
    next = function() ghost.cycle(1) end,
    previous = function() ghost.cycle(-1) end,
    ask = ghost.ask,
    dismiss = ghost.dismiss,
  }) do
    key(name, keys[name], function()
      vim.schedule(act)
      return ''
    end)
  end
end

---@param options codegpt.Options?
function M.setup(options)
  M.options = vim.tbl_deep_extend('force', M.options, options or {})
  vim.lsp.config('codegpt', {
    cmd = M.options.cmd,
    filetypes = M.options.filetypes,
    root_markers = M.options.root_markers,
    settings = { codegpt = M.options.settings },
    before_init = function(params, config)
      params.initializationOptions =
        vim.tbl_extend('force', M.options.settings, { trusted = trusted(config.root_dir) })
    end,
    handlers = {
      ['codegpt/status'] = function(_, said)
        M.said = said
        vim.api.nvim_exec_autocmds('User', { pattern = 'CodegptStatus', modeline = false })
      end,
    },
    on_attach = function(_, bufnr)
      require('codegpt.ghost').enable(bufnr)
      map(bufnr)
    end,
  })
  vim.lsp.enable('codegpt')
end

return M
