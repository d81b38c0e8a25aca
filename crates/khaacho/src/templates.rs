//! The templates that are registered with WhatsApp, in the words that people read.
//!
//! A message outside the 24 hours names one of them and gives its values; the words lie with WhatsApp. `khaacho templates`
//! prints what to register, and the simulator's fake takes these and no others.

use serde_json::{Value, json};
use whatsapp::fake::Approved;

/// The language of all of them: WhatsApp has no Nepali for templates.
const LANGUAGE: &str = "en";

/// A template as it is registered.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// What the platform calls it.
    pub name: &'static str,
    /// Its text, with `{{1}}`, `{{2}}` … where the values go.
    pub body: &'static str,
    /// A value for each place, as WhatsApp asks for when it is registered.
    pub values: &'static [&'static str],
    /// The titles of its quick replies.
    pub replies: &'static [&'static str],
}

const fn of(
    name: &'static str,
    body: &'static str,
    values: &'static [&'static str],
    replies: &'static [&'static str],
) -> Template {
    Template { name, body, values, replies }
}

/// All of them.
pub const TEMPLATES: &[Template] = &[
    of(
        "order_offer_v1",
        "New order {{1}} from {{2}}, {{3}}. Please answer by {{4}}, thank you.",
        &["C6EM5M", "Laxmi Kirana", "Rs. 27,500.00", "14:04"],
        &["Accept", "Reject"],
    ),
    of(
        "offer_reminder_v1",
        "Order {{1}} from {{2}}, {{3}}, waits for your answer until {{4}}. Please look at it.",
        &["C6EM5M", "Laxmi Kirana", "Rs. 27,500.00", "14:04"],
        &["Accept", "Reject"],
    ),
    of(
        "order_next_vendor_v1",
        "Order {{1}} goes to {{2}} now. It costs {{3}} there.",
        &["C6EM5M", "Bheri Suppliers", "Rs. 28,000.00"],
        &["Cancel order"],
    ),
    of(
        "order_confirmed_v1",
        "Good news: {{1}} has taken your order {{2}}, {{3}}. We tell you when it is on its way.",
        &["Karnali Traders", "C6EM5M", "Rs. 27,500.00"],
        &[],
    ),
    of(
        "order_failed_v1",
        "Sorry, no wholesaler can supply order {{1}} right now. Nothing is owed.",
        &["C6EM5M"],
        &["Try again"],
    ),
    of("order_taken_away_v1", "Order {{1}} is no longer with you. Please do not send it.", &["C6EM5M"], &[]),
    of("order_ended_v1", "Order {{1}} is cancelled. Nothing is held or owed for it.", &["C6EM5M"], &[]),
    of(
        "delivery_code_v1",
        "Order {{1}} is on its way. Count the goods; if all is well, your delivery code is {{2}} for whoever brings them.",
        &["C6EM5M", "7285"],
        &["Received"],
    ),
    of(
        "delivery_question_v1",
        "We hear from {{1}} that order {{2}} was delivered. Did you get all of it?",
        &["Karnali Traders", "C6EM5M"],
        &["All of it", "Some is missing", "Nothing came"],
    ),
    of(
        "not_arrived_v1",
        "We hear from {{1}} that order {{2}} has not come yet. Press the button when it has.",
        &["Laxmi Kirana", "C6EM5M"],
        &["Delivered"],
    ),
    of(
        "order_received_v1",
        "The shop {{1}} has received order {{2}}, {{3}} in all.",
        &["Laxmi Kirana", "C6EM5M", "Rs. 27,500.00"],
        &[],
    ),
    of(
        "receipt_v1",
        "Order {{1}} is received: {{2}}, due on {{3}}. Thank you.",
        &["C6EM5M", "Rs. 27,500.00", "2026-01-31"],
        &[],
    ),
    of("cash_receipt_v1", "Order {{1}} is received, and {{2}} paid in cash.", &["C6EM5M", "Rs. 27,500.00"], &[]),
    of(
        "draft_follow_up_v1",
        "Hello {{1}}! You left an order half-way: {{2}}. Still need it?",
        &["Laxmi Kirana", "10 bora Jeera Masino rice 25 kg and 1 more"],
        &["Show it again"],
    ),
    of(
        "repayment_receipt_v1",
        "Received {{1}} on bill {{2}}. Left on it: {{3}}. Receipt: {{4}}. Thank you.",
        &["Rs. 4,750.00", "KAR-102", "Rs. 22,500.00", "0e88873f"],
        &[],
    ),
    of(
        "payment_reversed_v1",
        "The payment of {{1}} was taken back: {{2}}. What you owe is as it was before it.",
        &["Rs. 4,750.00", "entered twice"],
        &[],
    ),
    of(
        "claim_answered_v1",
        "Your payment of {{1}} was not confirmed: {{2}}. If that is a mistake, please tell us.",
        &["Rs. 6,000.00", "the money has not come"],
        &[],
    ),
    of(
        "payment_claim_v1",
        "The shop {{1}} says they paid {{2}} ({{3}}). Have you received it?",
        &["Laxmi Kirana", "Rs. 6,000.00", "Cash"],
        &["Received", "Not received"],
    ),
    of(
        "dispute_upheld_v1",
        "Bill {{1}}: you were right, {{2}} was taken off. Left: {{3}}. Reason: {{4}}. Thank you for telling us.",
        &["KAR-102", "Rs. 1,200.00", "Rs. 26,300.00", "two cartons were wet"],
        &[],
    ),
    of(
        "dispute_rejected_v1",
        "Bill {{1}}: we looked into it, and {{2}} stays to be paid. Reason: {{3}}. Write to us if something is unclear.",
        &["KAR-102", "Rs. 27,500.00", "the delivery note is signed"],
        &[],
    ),
    of(
        "credit_paused_v1",
        "Dear {{1}}, {{2}} has been due for long, so new credit waits for a while. You can order for cash, and credit opens by itself once it is paid. Thank you.",
        &["Laxmi Thapa", "KAR-102, BHE-17"],
        &[],
    ),
    of("credit_open_v1", "Thank you, {{1}}. Your credit is open again.", &["Laxmi Thapa"], &[]),
    of(
        "limit_changed_v1",
        "Your credit limit was {{1}} and is {{2}} now. Write to us and we tell you more. Thank you.",
        &["Rs. 1,00,000.00", "Rs. 75,000.00"],
        &[],
    ),
    of(
        "line_limit_changed_v1",
        "The credit limit of {{1}} was {{2}} and is {{3}} now. {{4}} Thank you.",
        &[
            "Laxmi Kirana",
            "Rs. 1,00,000.00",
            "Rs. 75,000.00",
            "The latest 3 bills were late, one after another: 25 % less.",
        ],
        &[],
    ),
];

impl Template {
    /// As the fake knows it once it is registered.
    pub fn approved(&self) -> Approved {
        Approved {
            name: self.name.to_owned(),
            language: LANGUAGE.to_owned(),
            body: self.body.to_owned(),
            quick_replies: self.replies.iter().map(|reply| (*reply).to_owned()).collect(),
        }
    }

    /// What is posted to `/{WABA-ID}/message_templates` to register it.
    pub fn registration(&self) -> Value {
        let mut components = vec![json!({
            "type": "BODY", "text": self.body, "example": { "body_text": [self.values] },
        })];
        if !self.replies.is_empty() {
            let buttons: Vec<Value> =
                self.replies.iter().map(|reply| json!({ "type": "QUICK_REPLY", "text": reply })).collect();
            components.push(json!({ "type": "BUTTONS", "buttons": buttons }));
        }
        json!({ "name": self.name, "language": LANGUAGE, "category": "UTILITY", "components": components })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// What Meta refuses when a template is registered
    /// (<https://developers.facebook.com/docs/whatsapp/message-templates/guidelines/>).
    #[test]
    fn they_are_such_as_whatsapp_takes() {
        let mut names = HashSet::new();
        for template in TEMPLATES {
            let Template { name, body, values, replies } = template;
            assert!(names.insert(name), "{name} is there twice");
            assert!(
                name.len() <= 512
                    && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            );
            assert!(body.chars().count() <= 1_024, "{name}");
            assert!(
                !body.starts_with("{{") && !body.trim_end_matches(['.', '?', '!']).ends_with("}}"),
                "{name}: {body}"
            );
            let places: Vec<&str> = body.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()).collect();
            let expected: Vec<String> = (1..=values.len()).map(|number| number.to_string()).collect();
            assert_eq!(places, expected, "{name}");
            // A short text around many values is taken for spam.
            assert!(body.split(' ').filter(|word| !word.contains("{{")).count() > values.len(), "{name}");
            assert!(replies.len() <= 10 && replies.iter().all(|reply| reply.chars().count() <= 25), "{name}");
            assert!(values.iter().all(|value| !value.contains('\n') && !value.is_empty()), "{name}");
        }
    }

    #[test]
    fn what_is_registered_names_values_and_buttons() {
        let question = TEMPLATES.iter().find(|template| template.name == "payment_claim_v1").unwrap();
        assert_eq!(
            question.registration(),
            json!({
                "name": "payment_claim_v1", "language": "en", "category": "UTILITY",
                "components": [
                    {
                        "type": "BODY", "text": question.body,
                        "example": { "body_text": [["Laxmi Kirana", "Rs. 6,000.00", "Cash"]] },
                    },
                    { "type": "BUTTONS", "buttons": [
                        { "type": "QUICK_REPLY", "text": "Received" }, { "type": "QUICK_REPLY", "text": "Not received" },
                    ] },
                ],
            })
        );
    }
}
