(function_declaration
  name: (identifier) @name
  body: (block) @body) @definition.function

(method_declaration
  name: (field_identifier) @name
  body: (block) @body) @definition.method

(type_declaration
  (type_spec
    name: (type_identifier) @name
    type: (struct_type (field_declaration_list) @body)) @definition.class)

(type_declaration
  (type_spec
    name: (type_identifier) @name
    type: (interface_type) @body) @definition.interface)

(type_declaration
  [
    (type_spec name: (type_identifier) @name)
    (type_alias name: (type_identifier) @name)
  ] @definition.type)

(source_file
  (const_declaration
    (const_spec name: (identifier) @name) @definition.constant))

(source_file
  (var_declaration
    (var_spec name: (identifier) @name) @definition.variable))

(source_file
  (var_declaration
    (var_spec_list
      (var_spec name: (identifier) @name) @definition.variable)))

[
  (identifier)
  (type_identifier)
  (field_identifier)
  (package_identifier)
] @reference

(import_spec
  name: [(package_identifier) @import.bound (dot) @import.name (blank_identifier) @import.bound]?
  path: (_) @import.module)
