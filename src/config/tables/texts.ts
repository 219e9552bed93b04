/** Schemas of texts that several tables have. */
import * as z from "zod";

export const notBlank = () => z.string().trim().min(1, "must not be blank");

export const headerName = () => z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be that of a header");
