; Where two patterns match the same name, the earlier one decides its kind.

(class_definition
  name: (identifier) @name
  body: (block) @body) @definition.class

(class_definition
  body: (block
    (function_definition
      name: (identifier) @name
      body: (block) @body) @definition.method))

(class_definition
  body: (block
    (decorated_definition
      definition: (function_definition
        name: (identifier) @name
        body: (block) @body) @definition.method)))

(function_definition
  name: (identifier) @name
  body: (block) @body) @definition.function

(module
  (expression_statement
    (assignment left: (identifier) @name)) @definition.constant
  (#match? @name "^_*[A-Z][A-Z0-9_]*$"))

(module
  (expression_statement
    (assignment left: (identifier) @name)) @definition.variable)

(module
  (type_alias_statement left: (type (identifier) @name)) @definition.type)

(identifier) @reference

(import_statement name: (dotted_name) @import.module)

(import_statement
  name: (aliased_import name: (dotted_name) @import.module alias: (identifier) @import.bound))

(import_from_statement
  module_name: (_) @import.module
  name: (dotted_name) @import.name)

(import_from_statement
  module_name: (_) @import.module
  name: (aliased_import name: (dotted_name) @import.name alias: (identifier) @import.bound))

(import_from_statement
  module_name: (_) @import.module
  (wildcard_import) @import.name)
