vim.api.nvim_create_user_command('Codegpt', function(given)
  require('codegpt.command').run(given.fargs)
end, {
  nargs = '*',
  range = true,
  desc = 'codegpt: write, translate, why, snooze, toggle, stats, status',
  complete = function(begun)
    return vim.tbl_filter(function(name)
      return vim.startswith(name, begun)
    end, require('codegpt.command').names())
  end,
})
