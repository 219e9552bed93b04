import * as z from "zod";

/**
 * Names and descriptions of what is on the wire, for the OpenAPI document. A registry of our own,
 * because zod's global one also holds what the host application puts there.
 */
export const wire = z.registry<{ id?: string; description?: string }>();
