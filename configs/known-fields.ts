import { z } from 'zod';

/**
 * The names that may stand in a section of a file: read from its schema itself, so error texts never lag behind it.
 * Where a section comes in kinds, the fields of the kind that `raw` chooses, or of every kind.
 */
export function fieldsOf(schema: z.ZodType, path: readonly PropertyKey[], raw: unknown): string[] {
  let schemas: z.ZodType[] = objectsOf(schema, raw);
  let value = raw;
  for (const name of path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[name];
    schemas = schemas.flatMap((schema) => {
      const field = fieldOf(schema, String(name));
      return field ? objectsOf(field as z.ZodType, value) : [];
    });
  }
  return [...new Set(schemas.flatMap((schema) => Object.keys(shapeOf(schema))))];
}

/** Dotted keys of every field in the schema that has this name: where a field put into the wrong section belongs. */
export function homesOf(schema: z.ZodType, name: string): string[] {
  return [...new Set(allKeys(schema))].filter((key) => key.split('.').at(-1) === name);
}

function allKeys(schema: z.ZodType, prefix = ''): string[] {
  return objectsOf(schema, ANY_KIND).flatMap((object) =>
    Object.entries(shapeOf(object)).flatMap(([name, field]) => [
      `${prefix}${name}`,
      ...allKeys(field as z.ZodType, `${prefix}${name}.`),
    ]),
  );
}

/** The schema of a field; in a list, and in a section with names of a person's choice, any has the same. */
function fieldOf(schema: z.ZodType, name: string): z.ZodType | undefined {
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return Object.hasOwn(shapeOf(schema), name) ? (shapeOf(schema)[name] as z.ZodType) : undefined;
}

function shapeOf(schema: z.ZodType): z.ZodObject['shape'] {
  return schema instanceof z.ZodObject ? schema.shape : {};
}

/** In place of a section's value: fields of all its kinds are asked for, not those of the kind that is its default. */
const ANY_KIND = Symbol();

/** The object schemas, records and lists behind a schema's defaults and kinds. */
function objectsOf(schema: z.ZodType, value: unknown): z.ZodType[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return objectsOf(schema.unwrap() as z.ZodType, value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const kinds = (schema.options as z.ZodType[]).flatMap((option) => objectsOf(option, value));
    if (value === ANY_KIND) return kinds;
    const kind = (value as { kind?: unknown } | undefined)?.kind;
    const chosen = kinds.filter((option) => kindsOf(shapeOf(option).kind as z.ZodType).includes(kind));
    return chosen.length > 0 ? chosen : kinds;
  }
  const hasFields = schema instanceof z.ZodObject || schema instanceof z.ZodRecord || schema instanceof z.ZodArray;
  return hasFields ? [schema] : [];
}

/** The values that choose a kind; `undefined` among them where a section without a kind is of this one. */
function kindsOf(kind: z.ZodType): unknown[] {
  if (kind instanceof z.ZodDefault) return [undefined, ...kindsOf(kind.unwrap() as z.ZodType)];
  return kind instanceof z.ZodLiteral ? [...kind.values] : [];
}
