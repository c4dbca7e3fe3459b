//! What the company has in Xero.

use serde_json::{Value, json};

use super::near_namesakes;

/// The contact that another one was merged into.
const CALDER_CLADDING: &str = "2f6d1c1e-0d5a-4f0b-9a51-6a3f0c4d1901";

/// Xero's contacts, in its own JSON.
#[must_use]
pub fn xero() -> Value {
    let mut contacts = vec![
        // Found by account number, by name, or by both.
        json!({"Name": "Aire Valley Plumbing Ltd", "AccountNumber": "AIRE01", "IsCustomer": true}),
        json!({"Name": "Brackendale School", "AccountNumber": "BRACK-02", "IsCustomer": true}),
        json!({"Name": "Calder Brook Nurseries (2019) Ltd", "AccountNumber": "CALD003", "IsCustomer": true}),
        json!({"Name": "DUNMORE Catering", "AccountNumber": "DUN04", "IsCustomer": true}),
        json!({"Name": "Eskdale Vets", "AccountNumber": "ESK05", "IsCustomer": true}),
        json!({"Name": "Fellside Lettings", "IsCustomer": true}),
        json!({"Name": "Garth House Dental Practice", "IsCustomer": true}),
        json!({"Name": "Kirkby Tyres", "AccountNumber": "KTYRES", "IsCustomer": true}),
        json!({"Name": "Harthill Steel", "AccountNumber": "HART34", "IsSupplier": true}),
        json!({"Name": "Copley & Daughters \"The Forge\"", "AccountNumber": "FORGE35", "IsCustomer": true}),
        json!({"Name": "Nidd Valley Stoves", "AccountNumber": "NIDD51", "IsCustomer": true}),
        // As an earlier create of ours left it.
        json!({"Name": "Marfield Theatre", "AccountNumber": "MARF15", "ContactNumber": "BigChange-1015"}),
        // Kept by another program too.
        json!({"Name": "Saltmarsh Boats", "AccountNumber": "SALT22", "ContactNumber": "WebShop-553"}),
        json!({"Name": "Thornwaite Feeds", "AccountNumber": "THORN23", "ContactNumber": "WebShop-7"}),
        // In conflict.
        json!({"Name": "Netherby Hall Estates", "AccountNumber": "NETH17"}),
        json!({"Name": "Netherby Hall Hotel"}),
        json!({"Name": "Ribblehead Tea Rooms", "AccountNumber": "RTR-009", "IsCustomer": true}),
        // Not active.
        json!({"Name": "Oakenshaw Surgery", "AccountNumber": "OAK18", "ContactStatus": "GDPRREQUEST"}),
        json!({"Name": "Penhill Roofing", "ContactStatus": "ARCHIVED", "MergedToContactID": CALDER_CLADDING}),
        json!({"ContactID": CALDER_CLADDING, "Name": "Calder Cladding", "AccountNumber": "CLAD19"}),
        json!({"Name": "Quernmore Textiles", "AccountNumber": "QUERN20", "ContactStatus": "ARCHIVED"}),
        json!({"Name": "Wharfedale Glazing", "ContactStatus": "ARCHIVED"}),
        json!({"Name": "Wharfedale Glazing", "AccountNumber": "WHARF16", "IsCustomer": true}),
        json!({"Name": "Kirkby Bakery (closed)", "AccountNumber": "KIRKBY0001", "ContactStatus": "ARCHIVED"}),
    ];
    contacts.extend(
        [
            ("Ardley Flooring", "ARD101"),
            ("Bewerley Brickwork", "BEW102"),
            ("Cowgill Conservatories", "COW103"),
            ("Dacre Drainage", "DAC104"),
            ("Embsay Electrical", "EMB105"),
            ("Feizor Fencing", "FEI106"),
        ]
        .map(|(name, number)| json!({"Name": name, "AccountNumber": number, "IsCustomer": true})),
    );
    contacts.extend(near_namesakes::xero());
    // Nothing to do with BigChange.
    contacts.extend(
        [
            "Aldbrough Water",
            "Birkin Business Rates",
            "Cawood Courier",
            "Drax Diesel Cards",
            "Elvington Energy",
            "Fulford Fleet Leasing",
            "Givendale Gases",
            "Hemlington Hire",
            "Inkersall Insurance",
            "Kellington Kitchens",
            "Luttons Laundry",
            "Melbourne Mobiles",
            "Nunburnholme Nuts and Bolts",
            "Osgodby Office Supplies",
        ]
        .map(|name| json!({"Name": name, "IsSupplier": true})),
    );
    Value::Array(contacts)
}
