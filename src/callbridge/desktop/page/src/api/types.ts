/** Short names for what the API answers. Everything comes from schema.d.ts, which `make page-types` writes. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["MeOut"];
export type AgentState = Schemas["AgentState"];
export type PhoneState = Schemas["PhoneState"];
export type Capabilities = Schemas["Capabilities"];
export type Ref = Schemas["Ref"];
export type Call = Schemas["CallOut"];
export type CallState = Call["state"];
export type Party = Schemas["PartyOut"];
export type Note = Schemas["NoteOut"];
export type Pop = Schemas["PopOut"];
export type Offer = Schemas["OfferOut"];
/** What became of the call of an offer that its agent did not take. */
export type Next = Schemas["NextOut"];
export type SetBy = Schemas["SetByOut"];
export type Transfer = Schemas["TransferOut"];
export type TransferState = Transfer["state"];
export type Directory = Schemas["DirectoryOut"];
export type DirectoryAgent = Schemas["DirectoryAgent"];
export type DirectoryGroup = Schemas["DirectoryGroup"];
export type DirectoryPreset = Schemas["DirectoryPreset"];
export type DirectoryDelta = Schemas["DirectoryDelta"];
export type CheckRequest = Schemas["CheckBody"];
export type CheckAnswer = Schemas["CheckOut"];
export type AgentDelta = Schemas["AgentDelta"];
export type GroupDelta = Schemas["GroupDelta"];
export type Today = Schemas["TodayOut"];
export type Snapshot = Schemas["Snapshot"];
export type SessionAnswer = Schemas["SessionOut"];
export type ProblemDetails = Schemas["ProblemDetails"];

/** A message of /v1/ws, with the data that belongs to its type. */
export type StreamEvent = { id: string } & (
  | { type: "snapshot"; data: Snapshot }
  | { type: "agent"; data: Me }
  | { type: "directory"; data: DirectoryDelta }
  | { type: "offer.made" | "offer.ended"; data: Schemas["OfferEvent"] }
  | { type: "pop"; data: Schemas["PopEvent"] }
  | { type: "call.updated" | "call.ended"; data: Schemas["CallEvent"] }
  | { type: "transfer.updated"; data: Schemas["TransferEvent"] }
  | { type: "statistics"; data: Today }
);
