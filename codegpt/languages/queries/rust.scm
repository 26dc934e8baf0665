; Where two patterns match the same name, the earlier one decides its kind.

(struct_item
  name: (type_identifier) @name
  body: (_)? @body) @definition.class

(union_item
  name: (type_identifier) @name
  body: (_) @body) @definition.class

(enum_item
  name: (type_identifier) @name
  body: (_) @body) @definition.enum

(trait_item
  name: (type_identifier) @name
  body: (_) @body) @definition.interface

(type_item name: (type_identifier) @name) @definition.type

(mod_item
  name: (identifier) @name
  body: (declaration_list) @body) @definition.module

(macro_definition name: (identifier) @name) @definition.macro

(impl_item
  type: [
    (type_identifier) @name
    (generic_type type: (type_identifier) @name)
  ]
  body: (declaration_list) @body) @definition.impl

(impl_item
  body: (declaration_list
    (function_item
      name: (identifier) @name
      body: (block) @body) @definition.method))

(trait_item
  body: (declaration_list
    [
      (function_item name: (identifier) @name body: (block) @body)
      (function_signature_item name: (identifier) @name)
    ] @definition.method))

(function_item
  name: (identifier) @name
  body: (block) @body) @definition.function

(source_file
  [
    (const_item name: (identifier) @name)
    (static_item name: (identifier) @name)
  ] @definition.constant)

[
  (identifier)
  (type_identifier)
  (field_identifier)
  (shorthand_field_identifier)
] @reference

(use_declaration argument: (_) @import.tree)

(mod_item name: (identifier) @import.module !body)
