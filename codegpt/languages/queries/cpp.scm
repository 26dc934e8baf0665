; Where two patterns match the same name, the earlier one decides its kind.
; A function that returns a pointer or a reference has its name one declarator further down.

(class_specifier
  name: (type_identifier) @name
  body: (field_declaration_list) @body) @definition.class

(struct_specifier
  name: (type_identifier) @name
  body: (field_declaration_list) @body) @definition.class

(union_specifier
  name: (type_identifier) @name
  body: (field_declaration_list) @body) @definition.class

(enum_specifier
  name: (type_identifier) @name
  body: (enumerator_list) @body) @definition.enum

(namespace_definition
  name: (namespace_identifier) @name
  body: (declaration_list) @body) @definition.module

(function_definition
  declarator: [
    (function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name)
    (function_declarator
      declarator: (qualified_identifier
        name: [
          (identifier) @name
          (destructor_name) @name
          (operator_name) @name
          (qualified_identifier name: [(identifier) (destructor_name) (operator_name)] @name)
        ]))
    (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))
    (pointer_declarator
      declarator: (function_declarator declarator: (qualified_identifier name: (identifier) @name)))
    (reference_declarator (function_declarator declarator: [(field_identifier) (operator_name)] @name))
    (reference_declarator
      (function_declarator declarator: (qualified_identifier name: [(identifier) (operator_name)] @name)))
  ]
  body: (compound_statement) @body) @definition.method

(field_declaration_list
  (function_definition
    declarator: (function_declarator declarator: (identifier) @name)
    body: (compound_statement) @body) @definition.method)

(field_declaration_list
  (declaration
    declarator: (function_declarator declarator: [(identifier) (destructor_name)] @name)) @definition.method)

(field_declaration_list
  (field_declaration
    declarator: [
      (function_declarator declarator: (field_identifier) @name)
      (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))
      (reference_declarator (function_declarator declarator: (field_identifier) @name))
    ]) @definition.method)

(function_definition
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
    (reference_declarator (function_declarator declarator: (identifier) @name))
  ]
  body: (compound_statement) @body) @definition.function

(declaration
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
    (reference_declarator (function_declarator declarator: (identifier) @name))
  ]) @definition.function

(type_definition declarator: (type_identifier) @name) @definition.type

(alias_declaration name: (type_identifier) @name) @definition.type

(concept_definition name: (identifier) @name) @definition.interface

(preproc_def name: (identifier) @name) @definition.constant

(preproc_function_def name: (identifier) @name) @definition.macro

(translation_unit
  (declaration
    declarator: [
      (identifier) @name
      (init_declarator declarator: (identifier) @name)
      (array_declarator declarator: (identifier) @name)
      (init_declarator declarator: (pointer_declarator declarator: (identifier) @name))
      (init_declarator declarator: (array_declarator declarator: (identifier) @name))
    ]) @definition.variable)

[
  (identifier)
  (type_identifier)
  (field_identifier)
  (namespace_identifier)
] @reference

(preproc_include path: (_) @import.module)
