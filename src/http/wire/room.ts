import * as z from "zod";
import { senderId } from "../../runtime/settings.ts";
import type { Room } from "../../types.ts";
import { idInput, time } from "./common.ts";
import { wire } from "./registry.ts";

export const roomBody = z.strictObject({
  name: z.string().trim().min(1).max(128).exactOptional(),
  members: z
    .array(idInput)
    .max(1000)
    .exactOptional()
    .register(wire, { description: "Ids of personas, enrolled or of the catalogue. Default: none yet" }),
  owner: senderId.exactOptional().register(wire, {
    description: "Whose room it is, such as `user:7`. Default: the caller's; to name another takes the role service",
  }),
});

export const roomSchema = z
  .object({
    id: z.string(),
    name: z.string().optional(),
    owner: z.string().optional().register(wire, { description: "Whose room it is: that user may see and use it" }),
    members: z.array(z.string()),
    created_at: time,
    closed_at: time.optional(),
  })
  .register(wire, { id: "Room" });

export function roomOf(room: Room): z.output<typeof roomSchema> {
  return {
    id: room.id,
    name: room.name,
    owner: room.owner,
    members: [...room.members],
    created_at: room.createdAt,
    closed_at: room.closedAt,
  };
}
