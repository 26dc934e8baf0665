(class_declaration
  name: (identifier) @name
  body: (class_body) @body) @definition.class

(record_declaration
  name: (identifier) @name
  body: (class_body) @body) @definition.class

(interface_declaration
  name: (identifier) @name
  body: (interface_body) @body) @definition.interface

(annotation_type_declaration
  name: (identifier) @name
  body: (annotation_type_body) @body) @definition.interface

(enum_declaration
  name: (identifier) @name
  body: (enum_body) @body) @definition.enum

(method_declaration
  name: (identifier) @name
  body: (block)? @body) @definition.method

(constructor_declaration
  name: (identifier) @name
  body: (constructor_body) @body) @definition.method

(class_body
  (field_declaration
    (modifiers "static" "final")
    declarator: (variable_declarator name: (identifier) @name)) @definition.constant)

[
  (identifier)
  (type_identifier)
] @reference

(import_declaration
  (scoped_identifier) @import.module
  (asterisk)? @import.name)
