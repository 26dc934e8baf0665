; Where two patterns match the same name, the earlier one decides its kind.

(class
  name: [(constant) @name (scope_resolution name: (constant) @name)]
  body: (body_statement)? @body) @definition.class

(module
  name: [(constant) @name (scope_resolution name: (constant) @name)]
  body: (body_statement)? @body) @definition.module

(class
  body: (body_statement
    [
      (method name: (_) @name body: (_)? @body)
      (singleton_method name: (_) @name body: (_)? @body)
    ] @definition.method))

(module
  body: (body_statement
    [
      (method name: (_) @name body: (_)? @body)
      (singleton_method name: (_) @name body: (_)? @body)
    ] @definition.method))

(singleton_method
  name: (_) @name
  body: (_)? @body) @definition.method

(method
  name: (_) @name
  body: (_)? @body) @definition.function

(assignment left: (constant) @name) @definition.constant

(program
  (assignment left: (identifier) @name) @definition.variable)

(global_variable) @reference

[
  (identifier)
  (constant)
  (instance_variable)
  (class_variable)
] @reference

(call
  method: (identifier) @_method
  arguments: (argument_list (string) @import.module)
  (#any-of? @_method "require" "require_relative" "load" "autoload")) @import.call
