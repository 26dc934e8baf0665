; What JavaScript and TypeScript share; each has a file with the rest, which comes first.
; Where two patterns match the same name, the earlier one decides its kind.

(variable_declarator
  name: (identifier) @name
  value: (class body: (class_body) @body)) @definition.class

(method_definition
  name: [(property_identifier) (private_property_identifier)] @name
  body: (statement_block) @body) @definition.method

(function_declaration
  name: (identifier) @name
  body: (statement_block) @body) @definition.function

(generator_function_declaration
  name: (identifier) @name
  body: (statement_block) @body) @definition.function

(variable_declarator
  name: (identifier) @name
  value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)
    (generator_function body: (_) @body)
  ]) @definition.function

(pair
  key: (property_identifier) @name
  value: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)
  ]) @definition.method

(assignment_expression
  left: [
    (identifier) @name
    (member_expression property: (property_identifier) @name)
  ]
  right: [
    (arrow_function body: (_) @body)
    (function_expression body: (_) @body)
  ]) @definition.function

(program
  (lexical_declaration
    kind: "const"
    (variable_declarator name: (identifier) @name)) @definition.constant)

(program
  (export_statement
    declaration: (lexical_declaration
      kind: "const"
      (variable_declarator name: (identifier) @name)) @definition.constant))

(program
  [
    (lexical_declaration (variable_declarator name: (identifier) @name))
    (variable_declaration (variable_declarator name: (identifier) @name))
  ] @definition.variable)

(program
  (export_statement
    declaration: [
      (lexical_declaration (variable_declarator name: (identifier) @name))
      (variable_declaration (variable_declarator name: (identifier) @name))
    ] @definition.variable))

[
  (identifier)
  (property_identifier)
  (private_property_identifier)
  (shorthand_property_identifier)
  (shorthand_property_identifier_pattern)
] @reference

(import_statement
  "import" .
  source: (string) @import.module)

(import_statement
  (import_clause (identifier) @import.bound) @import.default
  source: (string) @import.module)

(import_statement
  (import_clause (namespace_import (identifier) @import.bound))
  source: (string) @import.module)

(import_statement
  (import_clause (named_imports (import_specifier name: (_) @import.name alias: (identifier)? @import.bound)))
  source: (string) @import.module)

(export_statement
  (export_clause (export_specifier name: (_) @import.name alias: (_)? @import.bound))
  source: (string) @import.module)

(export_statement
  "*" @import.name
  source: (string) @import.module)

(variable_declarator
  name: (identifier) @import.bound
  value: (call_expression function: (identifier) @_require arguments: (arguments . (string) @import.module))
  (#eq? @_require "require"))

(variable_declarator
  name: (object_pattern
    [
      (shorthand_property_identifier_pattern) @import.name
      (pair_pattern key: (property_identifier) @import.name value: (identifier) @import.bound)
    ])
  value: (call_expression function: (identifier) @_require arguments: (arguments . (string) @import.module))
  (#eq? @_require "require"))
